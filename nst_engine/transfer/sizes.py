"""The sizes of a coarse-to-fine transfer: sides in steps of sqrt(2)."""

from math import ceil, sqrt
from typing import Literal

from nst_engine.config import TransferConfig
from nst_engine.config.bounds import MOST_SIDE
from nst_engine.errors import ImageError
from nst_engine.images import MAX_PIXELS, size_within
from nst_engine.types import Picture

UNNAMED = "a picture"

COARSEST = 128
"""Least long side of a level that `auto` adds, in pixels."""


def level_sizes(width: int, height: int, levels: int | Literal["auto"]) -> tuple[tuple[int, int], ...]:
    """Width and height at each level, coarse to fine; the last is the size given.

    Args:
        width, height: size of the result in pixels.
        levels: number of levels; `auto` is as many as keep the long side at `COARSEST` or above.
    """
    side = max(width, height)
    sides = [side]
    least, most = (COARSEST, side) if levels == "auto" else (1, levels)
    while len(sides) < most and round(side / sqrt(2) ** len(sides)) >= least:
        sides.append(round(side / sqrt(2) ** len(sides)))
    return tuple(size_within(width, height, level) for level in reversed(sides))


def result_sizes(config: TransferConfig, content: Picture, name: str = UNNAMED) -> tuple[tuple[int, int], ...]:
    """Width and height at each level of a transfer, coarse to fine; the last is the result's, and the only one painted.

    A level whose short side would be below the backbone's stride is left out.

    Args:
        config: names the backbone, the side and the levels.
        content: the content's picture.
        name: what to call the content in an error.

    Raises:
        ImageError: the short side of the result would be below the stride, or it would have more than `MAX_PIXELS`.
    """
    height, width, _ = content.shape
    last = size_within(width, height, config.side)
    if config.side is None:
        require_seen(config, width, height, name)
    elif min(last) < config.spec.stride or last[0] * last[1] > MAX_PIXELS:
        raise ImageError(_misfit(config, (width, height), last, name))
    sizes = level_sizes(*last, 1 if config.method == "paint" else config.levels)
    return tuple(size for size in sizes if min(size) >= config.spec.stride)


def _misfit(config: TransferConfig, own: tuple[int, int], last: tuple[int, int], name: str) -> str:
    """The error of a content, of a width and height, whose result would be too narrow or too large."""
    aspect, stride = min(own) / max(own), config.spec.stride
    least = ceil(stride / aspect)
    most = min(MOST_SIDE, int((sqrt(0.25 + 4 * aspect * MAX_PIXELS) - 0.5) / (2 * aspect)))  # the short side rounded up
    wrong = (
        f"too narrow for {config.backbone}" if min(last) < stride else f"too large, {MAX_PIXELS} pixels are allowed,"
    )
    remedy = f"use a side from {least} to {most}" if least <= most else "crop it"
    size, result = (f"{width}x{height}" for width, height in (own, last))
    return f"{name} of {size} pixels is {wrong} at side={config.side}, which makes it {result}; {remedy}"


def style_size(config: TransferConfig, style: Picture, side: int) -> tuple[int, int]:
    """Width and height to which a style is resized for a result with the long side `side`.

    A style is never enlarged, and its short side never reduced below the backbone's stride.

    Raises:
        ImageError: a side of the style is below the stride.
    """
    height, width, _ = style.shape
    require_seen(config, width, height)
    longest, shortest = max(width, height), min(width, height)
    least = ceil(config.spec.stride * longest / shortest)
    return size_within(width, height, min(longest, max(least, round(config.style_scale * side))))


def small_style_notes(config: TransferConfig, style: Picture, side: int, name: str = UNNAMED) -> tuple[str, ...]:
    """A line if a `style_scale` was chosen for which a style is too small, for a result with the long side `side`."""
    longest, asked = max(style.shape[:2]), round(config.style_scale * side)
    if config.style_scale == 1 or longest >= asked:
        return ()
    return (
        f"{name} has {longest} pixels where style_scale={config.style_scale:g} asks for {asked}: it is used as it is",
    )


def require_seen(config: TransferConfig, width: int, height: int, name: str = UNNAMED) -> None:
    """Refuse a picture so small that the network's pooling would leave no features.

    Raises:
        ImageError: a side is below the backbone's stride.
    """
    least = config.spec.stride
    if min(width, height) < least:
        size = f"{width}x{height} pixels"
        raise ImageError(f"{name} of {size} is too narrow for {config.backbone}; use one of {least} pixels or more")
