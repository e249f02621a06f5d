"""What memory a transfer takes, what there is, and the side of the tiles that follows from the two."""

import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from nst_engine.backbones.network import Network
from nst_engine.config import TransferConfig
from nst_engine.registry.optimizers import OPTIMIZERS
from nst_engine.tiling import spans

TILES = (2048, 1024, 512, 256)
"""Sides of the tiles that are chosen from, in pixels."""

SHARE = 0.6
"""Of the memory there is, what a transfer may be expected to take."""

_HELD = 2.0
"""Bytes held at the worst moment of a gradient for each byte of lasting features; measured: 1.3 to 2.5."""

_PIXEL = 3 * 4
"""Bytes of a pixel of a float32 picture."""


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


def choose_tile(config: TransferConfig, network: Network, size: tuple[int, int], device: str) -> int | None:
    """Side of the tiles that a picture is to be taken in, in pixels; None is whole.

    Args:
        config: what the transfer does.
        network: its network.
        size: width and height of the picture, in pixels.
        device: such as `CPU:0`.
    """
    return fitting_tile(config, network, size, available_bytes(device))


def fitting_tile(config: TransferConfig, network: Network, size: tuple[int, int], available: int | None) -> int | None:
    """As `choose_tile`, of a device with so many bytes: whole where that fits or None is known, else the largest tile.

    Where no tile fits, it is the smallest.
    """
    sides = tile_sides(config, size)
    if available is None or not sides:
        return None
    room = SHARE * available
    return next((tile for tile in (None, *sides) if transfer_bytes(config, network, size, tile) <= room), sides[-1])


def pictures_together(config: TransferConfig, network: Network, size: tuple[int, int], available: int | None) -> int:
    """How many pictures of that width and height fit a device with so many bytes at once, at least one.

    Where None is known, any number: running out of a GPU's memory is an error.
    """
    if available is None:
        return sys.maxsize
    return max(1, int(SHARE * available / transfer_bytes(config, network, size, None)))


def smaller_tile(config: TransferConfig, size: tuple[int, int], tile: int | None) -> int | None:
    """The next smaller side of tiles where memory ran out with `tile`, None being whole; None where there is none."""
    return next((side for side in tile_sides(config, size) if tile is None or side < tile), None)


def tile_sides(config: TransferConfig, size: tuple[int, int]) -> tuple[int, ...]:
    """Those of `TILES` that a picture of that width and height can be taken in; none where it must be taken whole."""
    if config.spec.reach is None or config.style_loss == "neighbours":
        return ()
    return tuple(side for side in TILES if config.spec.stride <= side < max(size))


def transfer_bytes(config: TransferConfig, network: Network, size: tuple[int, int], tile: int | None) -> int:
    """Estimate of the memory that the optimization of one picture takes beside the network's, in bytes.

    It is the features of what is read at once, and for each pixel of the picture the optimizer's state and working
    copies, and the content's features. Masks, and the cosines of `style_loss="neighbours"`, are not counted.

    Args:
        config: what the transfer does.
        network: its network.
        size: width and height of the picture, in pixels.
        tile: side of the tiles, in pixels; None is whole.
    """
    features = network.bytes_per_pixel
    content = sum(features[layer] for layer in config.content_layer_weights)
    kept = OPTIMIZERS[config.optimizer].pictures * _PIXEL + content
    read = prod(_longest_read(length, tile or length, network.reach, config.spec.stride) for length in size)
    return round(prod(size) * kept + read * sum(features.values()) * _HELD)


def _longest_read(length: int, tile: int, reach: int, grid: int) -> int:
    reads = (span.read for span in spans(length, tile, reach, grid))
    return max(end - start for start, end in reads)


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


def smaller_of(tile: int | None, other: int | None) -> int | None:
    """The smaller of two sides of tiles, None being the whole picture."""
    return min((side for side in (tile, other) if side is not None), default=None)
