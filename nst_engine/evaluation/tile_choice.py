"""Estimate the memory of a transfer, and choose the side of its tiles by the available memory."""

import sys
from math import prod

from nst_engine.backbones.network import Network
from nst_engine.config import TransferConfig
from nst_engine.evaluation.tiled import spans
from nst_engine.hardware.memory import available_bytes
from nst_engine.registry.losses import STYLE_LOSSES
from nst_engine.registry.optimizers import OPTIMIZERS

TILES = (2048, 1024, 512, 256)
"""Sides of the tiles that are chosen from, in pixels."""

SHARE = 0.6
"""Largest estimate of a transfer's memory, as a share of the available memory."""

_HELD = 2.0
"""Bytes held at the worst moment of a gradient for each byte of lasting features; measured: 1.3 to 2.5."""

_PIXEL = 3 * 4
"""Bytes of a pixel of a float32 picture."""


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
    """As `choose_tile`, for a device with `available` bytes: None if the whole picture fits or `available` is None.

    Otherwise it is the largest tile that fits, or the smallest one if none fits.
    """
    sides = tile_sides(config, size)
    if available is None or not sides:
        return None
    room = SHARE * available
    return next((tile for tile in (None, *sides) if transfer_bytes(config, network, size, tile) <= room), sides[-1])


def pictures_together(config: TransferConfig, network: Network, size: tuple[int, int], available: int | None) -> int:
    """The number of pictures of that width and height that fit into `available` bytes together, at least 1.

    It is unlimited for None: running out of a GPU's memory is an error, which the engine handles.
    """
    if available is None:
        return sys.maxsize
    return max(1, int(SHARE * available / transfer_bytes(config, network, size, None)))


def smaller_tile(config: TransferConfig, size: tuple[int, int], tile: int | None) -> int | None:
    """The next side of tiles below `tile`, where None is the whole picture; None if there is no smaller one."""
    return next((side for side in tile_sides(config, size) if tile is None or side < tile), None)


def tile_sides(config: TransferConfig, size: tuple[int, int]) -> tuple[int, ...]:
    """The sides in `TILES` that suit a picture of that width and height; empty if it must be taken whole."""
    if config.spec.reach is None or not STYLE_LOSSES[config.style_loss].tileable:
        return ()
    return tuple(side for side in TILES if config.spec.stride <= side < max(size))


def transfer_bytes(config: TransferConfig, network: Network, size: tuple[int, int], tile: int | None) -> int:
    """Estimate of the memory that the optimization of one picture takes besides the network, in bytes.

    It counts the features of the picture, or of the largest tile, and for each pixel of the picture the optimizer's
    state and working copies, and the content's features. It leaves out masks, and the cosines of
    `style_loss="neighbours"`.

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


def smaller_of(tile: int | None, other: int | None) -> int | None:
    """The smaller of two sides of tiles, None being the whole picture."""
    return min((side for side in (tile, other) if side is not None), default=None)
