"""What memory there is for a transfer, as the system, the control group and TensorFlow tell it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf


class _Accounts(NamedTuple):
    """Where a control group tells of its memory.

    Attributes:
        folder: of the group.
        limit, used: files with a number of bytes.
        idle: key in `memory.stat` of the contents of files that the system can drop.
    """

    folder: Path
    limit: str
    used: str
    idle: str


_VERSION_1 = _Accounts(
    Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
)
_VERSION_2 = _Accounts(Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file")


def available_bytes(device: str) -> int | None:
    """Memory that a transfer on that device can have, in bytes; None where nobody tells.

    A GPU's is not known: TensorFlow tells what it uses there, not what there is. It need not be, for running out is an
    error there, which a smaller tile answers; on a CPU it is the end of the process.
    """
    if not device.startswith("CPU"):
        return None
    rooms = [room for room in (system_room(_text(Path("/proc/meminfo"))), _group_room()) if room is not None]
    return min(rooms) + _held_unused(device) if rooms else None


def _held_unused(device: str) -> int:
    """Bytes that TensorFlow holds and does not use; it gives none back to the system."""
    try:
        held = tf.config.experimental.get_memory_info(device)
    except ValueError:
        return 0  # without oneDNN it holds none, nor counts
    return int(held["peak"] - held["current"])


def _group_room() -> int | None:
    for accounts in group_accounts(_text(Path("/proc/self/cgroup"))):
        names = accounts.limit, accounts.used, "memory.stat"
        limit, used, statistics = (_text(accounts.folder / name) for name in names)
        if limit and used:
            return group_room(limit, used, statistics, accounts.idle)
    return None


def system_room(meminfo: str) -> int | None:
    """Bytes that a system has for new work, from the text of `/proc/meminfo`; None where it does not say."""
    kilobytes = _values(meminfo).get("MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def group_accounts(cgroup: str) -> Iterator[_Accounts]:
    """Where a process's control group may tell of its memory, from the text of `/proc/self/cgroup`.

    A container often sees its own group in the place of the topmost one, under a path that does not exist in it.
    """
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or "memory" in controllers.split(","):
            accounts = _VERSION_1 if controllers else _VERSION_2
            yield accounts._replace(folder=accounts.folder / path.lstrip("/"))
            yield accounts


def group_room(limit: str, used: str, statistics: str, idle: str) -> int | None:
    """Bytes that a control group leaves, from the texts of its files; None where it sets no limit.

    Args:
        limit, used: numbers of bytes; a limit may be `max`, or so high that it is none.
        statistics: of `memory.stat`.
        idle: key there of what is used but can be dropped.
    """
    if limit.strip() == "max":
        return None
    return max(0, int(limit) - int(used) + _values(statistics).get(idle, 0))


def _values(text: str) -> dict[str, int]:
    """Numbers by their names, of lines that have one of each."""
    return {name: int(value) for name, value, *_ in map(str.split, text.splitlines())}


def _text(path: Path) -> str:
    """Text of a file, empty where it is not there or not to be read."""
    try:
        return path.read_text()
    except OSError:
        return ""
