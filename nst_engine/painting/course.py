"""The course of a painter's learning: how large the crops are, how fast it learns, and when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Self

from nst_engine.config import TransferConfig
from nst_engine.optimizers.schedules import cosine

RATE = 1.5e-3
"""Adam's learning rate while the held-out photographs gain."""

_CHECKS = 32
"""Checks of a course that takes all its updates."""

_STEADY = 0.7
"""Share of the updates after which the rate falls at the latest. It falls over the rest, in proportion if earlier."""

_PATIENCE, _GAIN, _LEAST_CHECKS = 4, 0.01, 12
"""Checks without a gain of this share after which the rate falls, once there are as many checks as the last says."""

_BEGUN = 4
"""A painter that starts from another one takes this part of the updates."""

_CROPS = ((0.0, 0.25, 128), (0.7, 0.375, 192), (0.95, 0.5, 256))
"""Share of the updates from which crops have a side, as a share of the painter's side, and its least, in pixels.

Small crops are seen by the thousand in the time that a hundred large ones take."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """The course of `updates` updates at most, for a painter of pictures of the long side `side`, in pixels."""

    updates: int
    side: int

    @classmethod
    def of(cls, config: TransferConfig, begun: bool = False) -> Self:
        """The course of a configuration that has a side; `begun` is for one that starts from another painter."""
        return cls(updates=max(1, config.updates // (_BEGUN if begun else 1)), side=config.side or 0)

    @property
    def check_every(self) -> int:
        """Updates from one check of the held-out photographs to the next."""
        return ceil(self.updates / _CHECKS)

    def falls_from(self, totals: Sequence[float]) -> int | None:
        """The updates after which the rate begins to fall; None if it has not begun.

        Args:
            totals: total loss of the held-out photographs at each check so far, the first before any update.
        """
        for check in range(1, len(totals)):
            if check >= self._latest or not _gains(totals[: check + 1]):
                return check * self.check_every
        return None

    def end(self, totals: Sequence[float]) -> int:
        """The updates after which the learning ends, as far as is known."""
        fall = self.falls_from(totals)
        if fall is None or fall >= self._latest * self.check_every:
            return self.updates
        return max(fall + 1, round(fall / _STEADY))

    @property
    def _latest(self) -> int:
        """The check after which the rate falls at the latest."""
        return max(1, int(_STEADY * self.updates) // self.check_every)

    def rate(self, done: int, totals: Sequence[float]) -> float:
        """The learning rate of the update after the first `done`."""
        fall = self.falls_from(totals)
        return RATE if fall is None else RATE * cosine((done - fall) / (self.end(totals) - fall))

    def crop(self, done: int, totals: Sequence[float]) -> int:
        """Side of the crop of the update after the first `done`, in pixels."""
        share = done / self.end(totals)
        return self.crops[sum(share >= since for since, _, _ in _CROPS) - 1]

    @property
    def crops(self) -> tuple[int, ...]:
        """The sides of the crops, in their order, in pixels."""
        return tuple(min(self.side, max(least, round(share * self.side))) for _, share, least in _CROPS)


def _gains(totals: Sequence[float]) -> bool:
    """True if the last checks have gained on those before them."""
    if len(totals) <= _LEAST_CHECKS:
        return True
    return min(totals[-_PATIENCE:]) < (1 - _GAIN) * min(totals[:-_PATIENCE])
