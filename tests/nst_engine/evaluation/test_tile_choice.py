import json
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from nst_engine.backbones.network import Network
from nst_engine.evaluation import tile_choice
from nst_engine.evaluation.tile_choice import (
    SHARE,
    choose_tile,
    fitting_tile,
    pictures_together,
    smaller_tile,
    tile_sides,
    transfer_bytes,
)
from nst_engine.hardware.memory import available_bytes
from nst_engine.hardware.precision import FLOAT32, MIXED_BFLOAT16, Precision
from nst_engine.registry.optimizers import OPTIMIZERS
from tests.nst_engine.engines import shared_network
from tests.nst_engine.small import small_config

CONFIG = small_config(side=None)
LARGE = 3000, 2000


def network(precision: Precision = FLOAT32, **changes: Any) -> Network:
    config = small_config(**changes)
    return shared_network(config, (*config.content_layer_weights, *config.style_layer_weights), precision)


@pytest.fixture(scope="module", name="tiny")
def tiny_network() -> Network:
    return network()


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="the system does not tell")
def test_this_machine_has_room_for_a_small_picture(tiny: Network) -> None:
    available = available_bytes("CPU:0")
    assert available is not None
    assert available > transfer_bytes(CONFIG, tiny, (48, 36), None)


def test_features_last_of_every_layer_that_is_not_linear(tiny: Network) -> None:
    channels = {"block1_conv1": 8, "block1_pool": 8 / 4, "block2_conv1": 16 / 4, "block2_pool": 1, "block3_conv1": 2}
    expected = {layer: 4 * count for layer, count in channels.items()}
    assert tiny.bytes_per_pixel == pytest.approx(expected, rel=1e-2)
    assert network(MIXED_BFLOAT16).bytes_per_pixel == {layer: size / 2 for layer, size in tiny.bytes_per_pixel.items()}


def test_features_of_a_linear_layer_last_where_a_loss_reads_them() -> None:
    layers = {"content_layers": ("block_2_add",), "style_layers": ("Conv1_relu",)}
    lasting = network(backbone="mobilenet_v2", **layers).bytes_per_pixel
    assert lasting["block_2_add"] == pytest.approx(4 * 24 / 16, rel=1e-2)
    assert {layer for layer in lasting if not layer.endswith("relu")} == {"block_2_add"}


@pytest.mark.parametrize("tile", [None, 256])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_more_pixels_take_more_memory(tiny: Network, optimizer: str, tile: int | None) -> None:
    config = CONFIG.replace(optimizer=optimizer)
    sizes = [(48, 36), (300, 200), (300, 400), (800, 400), (1000, 1000), (4000, 1000), (4000, 4000)]
    estimates = [transfer_bytes(config, tiny, size, tile) for size in sizes]
    assert estimates == sorted(set(estimates))


def test_smaller_tiles_take_less_memory_than_larger_ones_and_than_the_whole(tiny: Network) -> None:
    estimates = [transfer_bytes(CONFIG, tiny, LARGE, tile) for tile in (256, 512, 1024, 2048, None)]
    assert estimates == sorted(set(estimates))


def test_a_tile_as_large_as_the_picture_takes_the_memory_of_the_whole(tiny: Network) -> None:
    assert transfer_bytes(CONFIG, tiny, (300, 200), 300) == transfer_bytes(CONFIG, tiny, (300, 200), None)


def test_deep_content_takes_less_memory_than_shallow_content(tiny: Network) -> None:
    deep, shallow = (CONFIG.replace(content_layers=(layer,)) for layer in ("block3_conv1", "block1_conv1"))
    difference = transfer_bytes(shallow, tiny, LARGE, 256) - transfer_bytes(deep, tiny, LARGE, 256)
    assert difference == pytest.approx((32 - 8) * 3000 * 2000, rel=1e-2)


@pytest.mark.parametrize("tile", [None, 2048, 512, 256])
def test_the_largest_tile_that_fits_the_share_of_the_memory_is_chosen(tiny: Network, tile: int | None) -> None:
    available = round(transfer_bytes(CONFIG, tiny, LARGE, tile) / SHARE) + 1
    assert fitting_tile(CONFIG, tiny, LARGE, available) == tile


def test_the_smallest_tile_is_chosen_where_none_fits(tiny: Network) -> None:
    assert fitting_tile(CONFIG, tiny, LARGE, 0) == 256


def test_a_picture_is_taken_whole_where_nothing_is_known(tiny: Network) -> None:
    assert fitting_tile(CONFIG, tiny, LARGE, None) is None


@pytest.mark.parametrize("changes", [{"style_loss": "neighbours"}, {"backbone": "mobilenet_v3"}], ids=str)
def test_a_picture_that_cannot_be_tiled_is_taken_whole(tiny: Network, changes: dict[str, Any]) -> None:
    config = small_config(content_layers=None, style_layers=None, **changes)
    assert tile_sides(config, LARGE) == ()
    assert fitting_tile(config, tiny, LARGE, 0) is None
    assert smaller_tile(config, LARGE, None) is None


def test_the_choice_asks_the_device(tiny: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_choice, "available_bytes", {"CPU:0": 2000 * 1024, "GPU:0": None}.get)
    assert choose_tile(CONFIG, tiny, LARGE, "CPU:0") == 256
    assert choose_tile(CONFIG, tiny, LARGE, "GPU:0") is None


@pytest.mark.parametrize(
    ("size", "tile", "steps"),
    [
        ((3000, 2000), None, [2048, 1024, 512, 256]),
        ((1024, 2000), None, [1024, 512, 256]),
        ((512, 512), None, [256]),
        ((256, 200), None, []),
        ((3000, 2000), 700, [512, 256]),
        ((3000, 2000), 100, []),
    ],
)
def test_tiles_shrink_until_none_is_smaller(size: tuple[int, int], tile: int | None, steps: list[int]) -> None:
    taken = []
    while (tile := smaller_tile(CONFIG, size, tile)) is not None:
        taken.append(tile)
    assert taken == steps


MEASUREMENT = """
import json, sys
from pathlib import Path
import numpy as np
from nst_engine import StyleTransfer, TransferConfig
from nst_engine.evaluation.tile_choice import transfer_bytes

def bytes_of(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

content = np.random.default_rng(0).random((1000, 1200, 3), dtype=np.float32)
engine = StyleTransfer(TransferConfig.from_dict(json.loads(sys.argv[1])))
loaded = bytes_of("VmRSS")
engine.run(content, content[:64, :64])
estimated = transfer_bytes(engine.config, engine._shared.network, (1200, 1000), None)
print(json.dumps([bytes_of("VmHWM") - loaded, estimated]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell what a process took")
def test_a_transfer_takes_about_the_memory_that_was_estimated() -> None:
    fields = json.dumps(small_config(side=1200, iterations=1, tile=1200).to_dict())
    command = [sys.executable, "-c", MEASUREMENT, fields]
    done = run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    measured, estimated = json.loads(done.stdout)
    assert measured / 2 < estimated < measured * 2


@pytest.mark.parametrize(("pictures", "count"), [(0.5, 1), (1.01, 1), (3.01, 3)])
def test_no_more_pictures_are_taken_together_than_fit(tiny: Network, pictures: float, count: int) -> None:
    room = round(pictures * transfer_bytes(CONFIG, tiny, LARGE, None) / SHARE)
    assert pictures_together(CONFIG, tiny, LARGE, room) == count
    assert pictures_together(CONFIG, tiny, LARGE, None) > 1000
