"""The sizes of a coarse-to-fine transfer: sides in steps of sqrt(2)."""

from math import sqrt
from typing import Literal

from nst_engine.config import TransferConfig
from nst_engine.images import size_within
from nst_engine.types import Picture

COARSEST = 128
"""No level that `auto` adds has a long side below this, in pixels."""


def level_sizes(width: int, height: int, levels: int | Literal["auto"]) -> tuple[tuple[int, int], ...]:
    """Width and height at each level, coarse to fine; the last is the size given.

    Args:
        width, height: size of the result in pixels.
        levels: how many; `auto` is as many as keep the long side at `COARSEST` or above.
    """
    side = max(width, height)
    sides = [side]
    while round(side / sqrt(2) ** len(sides)) >= COARSEST if levels == "auto" else len(sides) < levels:
        sides.append(round(side / sqrt(2) ** len(sides)))
    return tuple(size_within(width, height, level) for level in reversed(sides))


def result_sizes(config: TransferConfig, content: Picture) -> tuple[tuple[int, int], ...]:
    """Width and height at each level of a transfer, coarse to fine; the last is the result's."""
    height, width, _ = content.shape
    return level_sizes(*size_within(width, height, config.side), config.levels)
