"""What an evaluation, a loss and its gradient, costs beside its convolutions, and in memory: `make bench`."""

import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
import tensorflow as tf

from nst_engine import Pair, StyleTransfer
from nst_engine.hardware.precision import fastest_on_cpu, read_cpuinfo
from nst_engine.transfer.pair_run import PairRun
from tests.benchmarks.edges import needs_edges
from tests.benchmarks.textbook import CONFIG, SIDES, pair, pixels, vgg16

pytestmark = [pytest.mark.benchmark, needs_edges]

ROUNDS, MOST_TIMES, MOST_GIGABYTES = 9, 1.35, 1.5

ONE_PICTURE = """
from pathlib import Path
import tensorflow
def high_water():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
before = high_water()
from nst_engine import Pair, StyleTransfer
from tests.benchmarks.textbook import CONFIG, pair
StyleTransfer(CONFIG.replace(side=512, levels="auto", iterations=4)).run(*pair(512))
print((high_water() - before) / 1e9)
"""


def evaluation(side: int, precision: str) -> Callable[[], object]:
    """The engine's own, of one picture."""
    content, style = pair(side)
    engine = StyleTransfer(CONFIG.replace(side=side, precision=precision))
    run = PairRun(engine.config, Pair(content, style), 1.0)
    targets = engine._shared.targets(run, (side, side), None)
    evaluate = tf.function(engine._shared.reader((side, side), None).evaluate)
    picture, scales = pixels(style), (tf.ones([]),)
    return lambda: evaluate(picture, (targets,), scales)[1].numpy()


def convolutions(side: int, dtype: str) -> Callable[[], object]:
    """Those of one evaluation, forward and for the gradient of what they read, one after the other and nothing else."""
    work = []
    for name, (kernel, _) in vgg16().items():
        side = side // 2 if name.endswith("conv1") and work else side
        read = [1, side, side, kernel.shape[2]] if work else [1, side + 2, side + 2, 3]
        made = [1, side, side, kernel.shape[3]]
        tensors = (tf.random.uniform(read), tf.constant(kernel), tf.random.uniform(made))
        work.append(([tf.cast(tensor, dtype) for tensor in tensors], "SAME" if work else "VALID"))

    @tf.function
    def all_of_them() -> list[tf.Tensor]:
        done = []
        for (F, kernel, gradient), padding in work:
            with tf.control_dependencies(done[-1:]):
                done.append(tf.nn.conv2d(F, kernel, 1, padding))
            with tf.control_dependencies(done[-1:]):
                done.append(
                    tf.raw_ops.Conv2DBackpropInput(
                        input_sizes=F.shape, filter=kernel, out_backprop=gradient, strides=[1, 1, 1, 1], padding=padding
                    )
                )
        return done  # all of them, for what nobody asks for is not computed

    return lambda: all_of_them()[-1].numpy()


def seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("side", SIDES)
def test_an_evaluation_takes_little_more_than_its_convolutions_where_bfloat16_is_the_fastest(
    side: int, precision: str
) -> None:
    parts = {
        "evaluation": evaluation(side, precision),
        "convolutions": convolutions(side, precision.removeprefix("mixed_")),
    }
    times = {name: [] for name in parts}
    for round_ in range(ROUNDS + 2):
        for name, work in parts.items():
            taken = seconds(work)
            if round_ >= 2:
                times[name].append(taken)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["evaluation"] / medians["convolutions"]
    spread = {name: f"{min(values):.3f} to {max(values):.3f}" for name, values in times.items()}
    print(f"\n{side} px, {precision}, seconds: {medians}, ratio {ratio:.2f}, spread {spread}")  # noqa: T201  # a benchmark's result
    if fastest_on_cpu(read_cpuinfo(), CONFIG.backbone).name != precision:
        pytest.skip(f"this processor's fastest precision is another: the ratio is {ratio:.2f}")
    if precision == "float32":
        pytest.skip(f"this processor has no bfloat16: the ratio is {ratio:.2f}")
    assert ratio <= MOST_TIMES


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_a_picture_of_512_pixels_takes_little_memory_over_the_imported_tensorflow() -> None:
    told = subprocess.check_output([sys.executable, "-c", ONE_PICTURE], text=True)  # noqa: S603 - ourselves
    gigabytes = float(told)
    print(f"\npeak memory of a picture of 512 pixels: {gigabytes:.2f} GB over the imported TensorFlow")  # noqa: T201  # a benchmark's result
    assert gigabytes <= MOST_GIGABYTES
