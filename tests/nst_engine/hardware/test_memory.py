"""Free memory, from the system, the control group and TensorFlow."""

from pathlib import Path

import pytest
import tensorflow as tf

from nst_engine.hardware import memory
from nst_engine.hardware.memory import available_bytes, group_files, group_room, system_room

MEMINFO = "MemTotal:       24684092 kB\nMemFree:         1000 kB\nMemAvailable:    2000 kB\nHugePages_Total:       0\n"
UNLIMITED_V1 = str(2**63 - 4096)


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
    assert [accounts.folder.as_posix() for accounts in group_files(cgroup)] == folders


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
