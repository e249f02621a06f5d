"""The running account of one transfer: its records, where its time went, and why it ends or steps back."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
import numpy.typing as npt

from nst_engine.config import TransferConfig
from nst_engine.errors import TransferError
from nst_engine.result import Record, Seconds, Status

_MOST_STEPS_A_CALL = 50
"""So that a run without records can still be interrupted."""

_DIVERGED = 2.0
"""A loss this many times the least one of its level is no noise any more."""

_MOST_RETREATS = 12

_WINDOW = 5
"""Returns from the device over which a plateau is looked for."""


class Journal:
    """The account of one transfer.

    Attributes:
        history: the records that are kept, in the order of steps.
        steps: optimizer steps so far, those that were taken back included.
        rate: the learning rate before its schedule; halved by each retreat.
    """

    def __init__(self, config: TransferConfig) -> None:
        self.history: list[Record] = []
        self.steps = 0
        self.rate = config.rate
        self._config = config
        self._prepare = self._optimize = self._before = 0.0
        self._retreats = 0
        self._ended = ""
        self.begin_level(0)

    @property
    def timings(self) -> Seconds:
        """Wall seconds so far."""
        return Seconds(prepare=self._prepare, optimize=self._optimize)

    @property
    def status(self) -> Status:
        """`converged` where the last level ended on a plateau, else `completed`."""
        return Status.CONVERGED if self._ended == "plateau" else Status.COMPLETED

    @property
    def stop_reason(self) -> str:
        """Why the optimization ended, and what was done on the way to keep it from diverging."""
        if not self._retreats:
            return self._ended
        times = "once" if self._retreats == 1 else f"{self._retreats} times"
        return f"{self._ended}; diverged {times}, learning_rate {self._config.rate:g} lowered to {self.rate:g}"

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Count the time inside as preparation."""
        started = perf_counter()
        yield
        self._prepare += perf_counter() - started

    @contextmanager
    def optimizing(self) -> Iterator[None]:
        """Count the time inside as optimization."""
        started = perf_counter()
        self._before = self._optimize
        yield
        self._optimize += perf_counter() - started

    def begin_level(self, side: int) -> None:
        """Turn to pictures of that long side, in pixels."""
        self._side = side
        self._done = 0
        self._least = np.inf
        self._totals: list[float] = []

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Steps of the level that are done, and how many to take before the next record, until the level ends."""
        while not self._level_ends():
            steps = min(self._config.iterations - self._done, self._config.record_every or _MOST_STEPS_A_CALL)
            yield self._done, steps
            self._done += steps
            self.steps += steps

    def record(self, terms: npt.NDArray[np.float32]) -> Record:
        """The record of terms that were read at the beginning of the last `optimizing`.

        Raises:
            TransferError: the loss is not finite.
        """
        content, style, tv, total = map(float, terms)
        if not np.isfinite(total):
            raise TransferError(
                f"the loss is {total} after {self.steps} steps with learning_rate={self.rate:g} and "
                f"precision={self._config.precision!r}; use a lower rate, or precision 'float32'"
            )
        return Record(
            step=self.steps,
            side=self._side,
            total=total,
            content=content,
            style=style,
            tv=tv,
            learning_rate=self.rate,
            seconds=self._before,
        )

    def keep(self, record: Record) -> Record:
        """Add a record to the history."""
        self.history.append(record)
        return record

    def diverged(self, totals: npt.NDArray[np.float32]) -> bool:
        """Whether the last steps made the loss infinite or far worse than it was; if so, the rate is halved.

        Raises:
            TransferError: this has happened too often.
        """
        self._totals.append(float(totals[0]))
        self._least = min(self._least, *totals[np.isfinite(totals)], np.inf)
        if totals[-1] <= _DIVERGED * self._least:
            return False
        self._retreats += 1
        if self._retreats > _MOST_RETREATS:
            raise TransferError(
                f"the loss diverged {self._retreats} times, last with learning_rate={self.rate:g}; use a lower rate"
            )
        self.rate /= 2
        return True

    def _level_ends(self) -> bool:
        limit = self._config.time_limit
        if self._done >= self._config.iterations:
            self._ended = "iterations"
        elif limit is not None and self._optimize >= limit:
            self._ended = "time limit"
        elif self._on_plateau():
            self._ended = "plateau"
        else:
            return False
        return True

    def _on_plateau(self) -> bool:
        if self._config.tolerance is None or len(self._totals) <= _WINDOW:
            return False
        before, now = self._totals[-1 - _WINDOW], self._totals[-1]
        return before - now < self._config.tolerance * before
