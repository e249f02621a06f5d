"""Free memory, from the system, the control group and TensorFlow."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf


class _GroupFiles(NamedTuple):
    """The files in which a control group reports its memory.

    Attributes:
        folder: folder of the group.
        limit, used: names of files that hold a number of bytes.
        idle: key in `memory.stat` of the cached file contents that the system can drop.
    """

    folder: Path
    limit: str
    used: str
    idle: str


_VERSION_1 = _GroupFiles(
    Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
)
_VERSION_2 = _GroupFiles(Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file")


def available_bytes(device: str) -> int | None:
    """Memory that a transfer on that device can have, in bytes; None if unknown.

    It is unknown for GPUs, as TensorFlow reports only what it uses there. On a GPU, running out of memory is an error,
    and the transfer goes on in smaller tiles; on a CPU it ends the process.
    """
    if not device.startswith("CPU"):
        return None
    rooms = [room for room in (system_room(_text(Path("/proc/meminfo"))), _group_room()) if room is not None]
    return min(rooms) + _unused_bytes(device) if rooms else None


def _unused_bytes(device: str) -> int:
    """Bytes that TensorFlow holds but does not use; it never returns memory to the system."""
    try:
        held = tf.config.experimental.get_memory_info(device)
    except ValueError:
        return 0  # without oneDNN, TensorFlow holds none and does not count
    return int(held["peak"] - held["current"])


def _group_room() -> int | None:
    for files in group_files(_text(Path("/proc/self/cgroup"))):
        names = files.limit, files.used, "memory.stat"
        limit, used, statistics = (_text(files.folder / name) for name in names)
        if limit and used:
            return group_room(limit, used, statistics, files.idle)
    return None


def system_room(meminfo: str) -> int | None:
    """Bytes available to new work, from the text of `/proc/meminfo`; None if it does not say."""
    kilobytes = _values(meminfo).get("MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def group_files(cgroup: str) -> Iterator[_GroupFiles]:
    """Files that may report the memory of a process's control group, from the text of `/proc/self/cgroup`.

    A container often sees its own group as the topmost one; the path in the text then does not exist.
    """
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or "memory" in controllers.split(","):
            files = _VERSION_1 if controllers else _VERSION_2
            yield files._replace(folder=files.folder / path.lstrip("/"))
            yield files


def group_room(limit: str, used: str, statistics: str, idle: str) -> int | None:
    """Bytes that a control group has left, from the texts of its files; None if it has no limit.

    Args:
        limit, used: numbers of bytes; a limit may be `max`, or too high to matter.
        statistics: text of `memory.stat`.
        idle: key in it of memory that is used but can be dropped.
    """
    if limit.strip() == "max":
        return None
    return max(0, int(limit) - int(used) + _values(statistics).get(idle, 0))


def _values(text: str) -> dict[str, int]:
    """Numbers by name, from lines of a name and a number."""
    return {name: int(value) for name, value, *_ in map(str.split, text.splitlines())}


def _text(path: Path) -> str:
    """Text of a file; empty if it is absent or cannot be read."""
    try:
        return path.read_text()
    except OSError:
        return ""
