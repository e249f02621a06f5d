"""Where a step's time goes: of traces made by hand, and of a transfer."""

import pytest
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from nst_engine import ImageError
from nst_engine.transfer.step_profile import (
    BACKWARD,
    FORWARD,
    OPTIMIZER,
    PARTS,
    REST,
    STYLE,
    part_of,
    profile,
    seconds_by_part,
)
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

SPAN = "nightbrush_steps"
CONVOLUTION = "while/body/_1/while/tiny/block1_conv1/Relu:_MklNativeFusedConv2D"
INPUT_GRADIENT = "gradient_tape/while/tiny/block1_conv1/convolution/Conv2DBackpropInput:Conv2DBackpropInput"
GRAM = "while/body/_1/while/style_loss_1/MatMul:_MklMatMul"
GRAM_GRADIENT = "while/body/_1/gradient_tape/while/style_loss/Mean/Tile:Tile"
STEP = "while/body/_1/while/cond/then/_298/while/cond/optimizer/cond/Sum_3:Sum"
POOLING = "while/body/_1/while/tiny/block1_pool/MaxPool2d:_MklNativeMaxPool"
CALL = "StatefulPartitionedCall:StatefulPartitionedCall"

Events = list[tuple[str, float, float]]
"""Name, first and last second of what was traced on one thread or stream."""


def add_plane(space: xplane_pb2.XSpace, name: str, *lines: Events) -> None:
    """Add what a device did to a trace, as TensorFlow writes it there."""
    gpu = name.startswith("/device")
    plane = space.planes.add(name=name)
    plane.stat_metadata[1].name = "tf_op"
    for number, events in enumerate(lines):
        line = plane.lines.add(id=number, timestamp_ns=10**18)
        for what, start, end in events:
            known = plane.event_metadata[len(plane.event_metadata) + 1]
            known.id = len(plane.event_metadata)
            known.name = "a_kernel" if gpu else what
            known.display_name = "" if gpu else what.partition(":")[2]
            event = line.events.add(metadata_id=known.id, offset_ps=int(start * 1e12))
            event.duration_ps = int(end * 1e12) - event.offset_ps
            if gpu and what:
                event.stats.add(metadata_id=1, str_value=what)


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        (CONVOLUTION, FORWARD),
        ("while/mobile/expand_depthwise/depthwise:DepthwiseConv2dNative", FORWARD),
        (INPUT_GRADIENT, BACKWARD),
        ("while/tiny/block2_conv1_1/turned_convolution/conv2d_transpose:_MklNativeConv2DBackpropInput", FORWARD),
        ("gradient_tape/x/convolution/Conv2DBackpropInput:_MklNativeConv2DBackpropInput", BACKWARD),
        (GRAM, STYLE),
        (GRAM_GRADIENT, STYLE),
        (STEP, OPTIMIZER),
        (POOLING, REST),
        ("while/optimizers_of_mine/add:AddV2", REST),
    ],
)
def test_knows_what_an_operation_belongs_to(operation: str, part: str) -> None:
    assert part_of(operation) == part


def test_operations_side_by_side_share_the_time_and_the_rest_includes_idle_time() -> None:
    space = xplane_pb2.XSpace()
    add_plane(
        space,
        "/host:CPU",
        [(SPAN, 10, 20), ("EagerExecute", 10, 20)],
        [(CONVOLUTION, 8, 14), (INPUT_GRADIENT, 15, 17), (STEP, 19, 25), (CALL, 10, 20)],
        [(GRAM, 12, 14), (GRAM_GRADIENT, 14, 15), (POOLING, 17, 18)],
    )
    expected = {FORWARD: 2 + 1, BACKWARD: 2, STYLE: 1 + 1, OPTIMIZER: 1, REST: 1 + 1}
    assert seconds_by_part(space) == pytest.approx(expected)


def test_on_a_gpu_the_kernels_count_and_not_the_operations_that_launch_them() -> None:
    space = xplane_pb2.XSpace()
    add_plane(space, "/host:CPU", [(SPAN, 0, 10)], [(CONVOLUTION, 0, 1), (POOLING, 1, 10)])
    add_plane(space, "/device:GPU:0", [(CONVOLUTION, 2, 8), ("", 8, 9)], [(GRAM, 6, 8)])
    expected = {FORWARD: 4 + 1, BACKWARD: 0, STYLE: 1, OPTIMIZER: 0, REST: 2 + 2}
    assert seconds_by_part(space) == pytest.approx(expected)


@pytest.mark.parametrize(("optimizer", "style_loss"), [("lbfgs", "gram"), ("adam", "wasserstein")])
def test_the_parts_of_a_transfer_all_take_time(optimizer: str, style_loss: str) -> None:
    engine = shared_engine(small_config(optimizer=optimizer, learning_rate=None, style_loss=style_loss))
    shares = profile(engine, content_pixels(), style_pixels())
    assert tuple(share.part for share in shares) == PARTS
    assert all(share.seconds > 0 for share in shares)


def test_the_parts_of_a_transfer_sum_to_a_step() -> None:
    engine = shared_engine(small_config())
    shares = profile(engine, content_pixels(), style_pixels())
    _, before, after, _ = engine.run(content_pixels(), style_pixels()).history
    ratio = sum(share.seconds for share in shares) / (after.seconds - before.seconds) * (after.step - before.step)
    assert 1 / 20 < ratio < 20


def test_a_picture_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        profile(shared_engine(small_config()), b"", noise_pixels())
