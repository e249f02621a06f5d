"""The running account of one transfer: its records, and where its time went."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
import numpy.typing as npt

from nst_engine.config import TransferConfig
from nst_engine.errors import TransferError
from nst_engine.result import Record, Seconds

_MOST_STEPS_A_CALL = 50
"""So that a run without records can still be interrupted."""


class Journal:
    """Records of one transfer, in the order of steps.

    Attributes:
        history: the records so far.
        steps: optimizer steps so far.
    """

    def __init__(self, config: TransferConfig) -> None:
        self.history: list[Record] = []
        self.steps = 0
        self._config = config
        self._prepare = self._optimize = self._before = 0.0

    @property
    def timings(self) -> Seconds:
        """Wall seconds so far."""
        return Seconds(prepare=self._prepare, optimize=self._optimize)

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

    def chunks(self) -> Iterator[int]:
        """How many steps to take between one record and the next, until a level is done."""
        left, most = self._config.iterations, self._config.record_every or _MOST_STEPS_A_CALL
        while left:
            yield min(left, most)
            left -= min(left, most)

    def record(self, terms: npt.NDArray[np.float32], side: int, steps: int) -> Record:
        """The record of terms that were read at the beginning of the last `optimizing`, `steps` steps ago.

        Raises:
            TransferError: the loss is not finite.
        """
        content, style, tv, total = map(float, terms)
        if not np.isfinite(total):
            raise TransferError(
                f"the loss is {total} after {self.steps} steps with learning_rate={self._config.rate:g} and "
                f"precision={self._config.precision!r}; use a lower rate, or precision 'float32'"
            )
        record = Record(
            step=self.steps,
            side=side,
            total=total,
            content=content,
            style=style,
            tv=tv,
            learning_rate=self._config.rate,
            seconds=self._before,
        )
        self.steps += steps
        return record

    def keep(self, record: Record) -> Record:
        """Add a record to the history."""
        self.history.append(record)
        return record
