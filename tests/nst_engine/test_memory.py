import json
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
import tensorflow as tf

from nst_engine import memory
from nst_engine.backbones.network import Network
from nst_engine.memory import (
    SHARE,
    available_bytes,
    choose_tile,
    fitting_tile,
    group_accounts,
    group_room,
    pictures_together,
    smaller_tile,
    system_room,
    tile_sides,
    transfer_bytes,
)
from nst_engine.optimizers.registry import OPTIMIZERS
from nst_engine.precision import FLOAT32, MIXED_BFLOAT16, Precision
from nst_engine.weights import find_weights
from tests.nst_engine.small import small_config

CONFIG = small_config(side=None)
MEMINFO = "MemTotal:       24684092 kB\nMemFree:         1000 kB\nMemAvailable:    2000 kB\nHugePages_Total:       0\n"
LARGE = 3000, 2000
UNLIMITED_V1 = str(2**63 - 4096)


def network(precision: Precision = FLOAT32, **changes: Any) -> Network:
    config = small_config(**changes)
    layers = *config.content_layer_weights, *config.style_layer_weights
    return Network(config, find_weights(config), precision, layers)


@pytest.fixture(scope="module", name="tiny")
def tiny_network() -> Network:
    return network()


@pytest.fixture(name="files")
def system_files(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Texts of a system's files by their paths: a system that says nothing, until a test fills it in."""
    files: dict[str, str] = {}

    def text(path: Path) -> str:
        return files.get(path.as_posix(), "")

    monkeypatch.setattr(memory, "_text", text)
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", lambda _device: {"current": 30, "peak": 50})
    return files


def test_a_system_has_what_it_says_is_available() -> None:
    assert system_room(MEMINFO) == 2000 * 1024


@pytest.mark.parametrize("meminfo", ["", "MemTotal:       24684092 kB\nMemFree:         1000 kB\n"])
def test_a_system_that_does_not_say_has_no_known_room(meminfo: str) -> None:
    assert system_room(meminfo) is None


@pytest.mark.parametrize(
    ("cgroup", "folders"),
    [
        ("0::/a/b\n", ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup"]),
        ("4:cpu,memory:/a\n1:cpu:/b\n", ["/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory"]),
        (
            "9:name=systemd:/\n4:memory:/a:b\n0::/\n",
            ["/sys/fs/cgroup/memory/a:b", "/sys/fs/cgroup/memory", "/sys/fs/cgroup", "/sys/fs/cgroup"],
        ),
        ("", []),
    ],
)
def test_a_control_group_is_sought_under_its_path_and_where_a_container_sees_it(
    cgroup: str, folders: list[str]
) -> None:
    assert [accounts.folder.as_posix() for accounts in group_accounts(cgroup)] == folders


@pytest.mark.parametrize(
    ("limit", "used", "statistics", "room"),
    [
        ("1000\n", "400\n", "anon 300\ninactive_file 0\n", 600),
        ("1000\n", "400\n", "anon 300\ninactive_file 100\n", 700),
        ("1000\n", "400\n", "", 600),
        ("1000\n", "1200\n", "inactive_file 50\n", 0),
        ("max\n", "400\n", "inactive_file 0\n", None),
    ],
)
def test_a_control_group_leaves_its_limit_less_what_cannot_be_dropped(
    limit: str, used: str, statistics: str, room: int | None
) -> None:
    assert group_room(limit, used, statistics, "inactive_file") == room


def test_a_processor_has_what_the_system_leaves_and_what_tensorflow_holds_unused(files: dict[str, str]) -> None:
    files["/proc/meminfo"] = MEMINFO
    assert available_bytes("CPU:0") == 2000 * 1024 + 20


@pytest.mark.parametrize(
    ("cgroup", "group", "expected"),
    [
        ("0::/job\n", {"job/memory.max": "9000", "job/memory.current": "8000"}, 1000),
        ("0::/job\n", {"memory.max": "9000", "memory.current": "8000", "memory.stat": "inactive_file 7\n"}, 1007),
        ("0::/\n", {"memory.max": "max", "memory.current": "8000"}, 2000 * 1024),
        (
            "4:memory:/job\n",
            {
                "memory/job/memory.limit_in_bytes": "9000",
                "memory/job/memory.usage_in_bytes": "8000",
                "memory/job/memory.stat": "inactive_file 1\ntotal_inactive_file 9\n",
            },
            1009,
        ),
        (
            "4:memory:/\n",
            {"memory/memory.limit_in_bytes": UNLIMITED_V1, "memory/memory.usage_in_bytes": "8000"},
            2000 * 1024,
        ),
    ],
)
def test_it_has_no_more_than_its_control_group_leaves(
    files: dict[str, str], cgroup: str, group: dict[str, str], expected: int
) -> None:
    files |= {"/proc/meminfo": MEMINFO, "/proc/self/cgroup": cgroup}
    files |= {f"/sys/fs/cgroup/{name}": text for name, text in group.items()}
    assert available_bytes("CPU:0") == expected + 20


def test_tensorflow_need_not_count_what_it_holds(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def uncounted(device: str) -> dict[str, int]:
        raise ValueError(f"Allocator stats not available for device '{device}'")

    files["/proc/meminfo"] = MEMINFO
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", uncounted)
    assert available_bytes("CPU:0") == 2000 * 1024


@pytest.mark.usefixtures("files")
def test_nothing_is_known_where_the_system_is_silent() -> None:
    assert available_bytes("CPU:0") is None


def test_nothing_is_known_of_a_gpu() -> None:
    assert available_bytes("GPU:0") is None


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
def test_the_largest_tile_is_chosen_that_takes_its_share_of_what_there_is(tiny: Network, tile: int | None) -> None:
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


def test_the_choice_asks_the_device(tiny: Network, files: dict[str, str]) -> None:
    assert choose_tile(CONFIG, tiny, LARGE, "CPU:0") is None
    files["/proc/meminfo"] = MEMINFO
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
from nst_engine.memory import transfer_bytes

def bytes_of(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

content = np.random.default_rng(0).random((1000, 1200, 3), dtype=np.float32)
engine = StyleTransfer(TransferConfig.from_dict(json.loads(sys.argv[1])))
loaded = bytes_of("VmRSS")
engine.run(content, content[:64, :64])
estimated = transfer_bytes(engine.config, engine._bench.network, (1200, 1000), None)
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
