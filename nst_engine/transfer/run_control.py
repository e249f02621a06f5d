"""Control of one transfer: its records and timings, and when it ends, retreats, or changes its optimizer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, fields
from time import perf_counter
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nst_engine.config import TransferConfig
from nst_engine.errors import TransferError
from nst_engine.registry.losses import TermWeights
from nst_engine.registry.optimizers import OPTIMIZERS
from nst_engine.transfer.result import LossTerms, Record, Seconds, Status

_DIVERGED = 2.0
"""Multiple of the least loss of a level above which a loss counts as diverged."""

_MOST_RETREATS = 12
"""Most retreats of one optimizer before it is given up."""

_LASTING = (
    "balance",
    "evaluations",
    "loss_scale",
    "optimizer",
    "rate",
    "steps",
    "weights",
    "_retreats",
    "_spent",
    "_turns",
)
"""Attributes in an account, besides the records."""

_WINDOW, _UNRECORDED = 5, 50
"""Records that a plateau must last, and the steps that count as one record if none are made."""


class RunControl:
    """Counts one transfer's steps, records and time, and decides when it ends, retreats or changes its optimizer.

    Attributes:
        history: the kept records, in the order of steps.
        steps: optimizer steps so far, including steps that a retreat undid.
        evaluations: times so far that the loss was computed, with or without its gradient.
        optimizer: name of the optimizer at work.
        rate: the learning rate before its schedule; halved by each retreat.
        weights: of the loss terms.
        loss_scale: factor on the loss while its gradient is taken.
        balance: gradient norm of the style term divided by that of the content term, as last measured, or None.
    """

    def __init__(self, config: TransferConfig, loss_scale: float) -> None:
        self.history: list[Record] = []
        self.steps = self.evaluations = 0
        self.optimizer, self.rate = config.optimizer, config.rate
        self.weights = config.loss_weights
        self.loss_scale = loss_scale
        self.balance: float | None = None
        self._config = config
        self._spent = {"prepare": 0.0, "optimize": 0.0}
        self._before = 0.0
        self._retreats = 0
        self._turns: list[str] = []
        self._ended = ""
        self.begin_level(0)

    def account(self) -> dict[str, Any]:
        """The state that outlasts a level, as plain values."""
        lasting = {name.lstrip("_"): getattr(self, name) for name in _LASTING}
        return deepcopy(lasting) | {"history": [dict(vars(record)) for record in self.history]}

    def resume(self, account: Mapping[str, Any]) -> None:
        """Restore the state that `account` returned, in this process or another, in this version or another.

        What the account lacks stays as it was at the beginning, and what is not known is passed over.
        """
        lasting, weights = deepcopy(dict(account)), self.weights
        for name in _LASTING:
            setattr(self, name, lasting.get(name.lstrip("_"), getattr(self, name)))
        self.weights = TermWeights(*self.weights, *weights[len(self.weights) :])  # JSON had made a list of them
        self.history = [Record(**_known(values)) for values in account["history"]]
        self.turn(f"resumed after {self.steps} steps")

    @property
    def timings(self) -> Seconds:
        """Wall seconds so far."""
        return Seconds(**self._spent)

    @property
    def status(self) -> Status:
        """`converged` where the last level ended on a plateau, else `completed`."""
        return Status.CONVERGED if self._ended == "plateau" else Status.COMPLETED

    @property
    def stop_reason(self) -> str:
        """Why the optimization ended, and what was done on the way to keep it from failing."""
        return "; ".join([self._ended, *self._turns, *self._retreated()])

    def spend(self, phase: Literal["prepare", "optimize"], seconds: float) -> None:
        """Count wall seconds of a phase."""
        self._before = self._spent["optimize"]
        self._spent[phase] += seconds

    def begin_level(self, side: int) -> None:
        """Begin a level whose pictures have that long side, in pixels."""
        self._side = side
        self._over = False
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the level's losses so far: later ones cannot be compared with them."""
        self._least = np.inf
        self._totals: list[tuple[int, float]] = []
        self._sound = False

    def turn(self, what: str) -> None:
        """Add to the stop reason what was done to go on."""
        self._turns.append(what)

    def goes_on(self, done: int) -> bool:
        """True if the level goes on after `done` steps; once False, it stays so until the next level."""
        limit = self._config.time_limit
        if self._over:
            return False
        if done >= self._config.steps:
            self._ended = "iterations" if self._config.steps else "painted"
        elif limit is not None and self._spent["optimize"] >= limit:
            self._ended = "time limit"
        elif self._on_plateau():
            self._ended = "plateau"
        else:
            return True
        self._over = True
        return False

    def record(self, terms: npt.NDArray[np.float32]) -> Record:
        """The record of loss terms that were read when the time last spent began.

        Raises:
            TransferError: the loss is not finite.
        """
        losses = LossTerms.from_vector(terms)
        if not np.isfinite(losses.total):
            raise self._failure(f"the loss is {losses.total}")
        return Record(
            step=self.steps,
            side=self._side,
            **asdict(losses),
            learning_rate=self.rate,
            seconds=self._before,
            content_weight=self.weights.content,
            style_weight=self.weights.style,
            balance=self.balance,
            loss_scale=self.loss_scale,
        )

    def keep(self, record: Record) -> Record:
        """Add a record to the history."""
        self.history.append(record)
        return record

    def diverged(self, totals: npt.NDArray[np.float32], sound: npt.NDArray[np.bool_]) -> bool:
        """True if the loss became infinite or far larger, or the last gradient was not finite.

        Then the rate is halved; after many times the optimizer is replaced by its fallback, if it has one.

        Args:
            totals: losses before each step, [steps].
            sound: True where a step's gradient was finite, [steps].

        Raises:
            TransferError: the loss diverged too often, or no gradient of the level has been finite.
        """
        self._totals.append((self.steps, float(totals[0])))
        self._least = min(self._least, *totals[np.isfinite(totals)], np.inf)
        self._sound |= bool(sound.any())
        if not self._sound:
            raise self._failure("no gradient is finite")
        if sound[-1] and totals[-1] <= _DIVERGED * self._least:
            return False
        self._retreats += 1
        self.rate /= 2
        if self._retreats > _MOST_RETREATS:
            self._fall_back()
        return True

    def _fall_back(self) -> None:
        spec = OPTIMIZERS[self.optimizer]
        if spec.fallback is None:
            raise self._failure(f"the loss diverged {self._retreats} times")
        self.turn(f"{self.optimizer} diverged {self._retreats} times, went on with {spec.fallback}")
        self.optimizer, self.rate = spec.fallback, OPTIMIZERS[spec.fallback].learning_rate
        self._retreats = 0

    def _failure(self, what: str) -> TransferError:
        precision = self._config.precision
        other = "" if precision == "float32" else ", or precision 'float32'"
        return TransferError(
            f"{what} after {self.steps} steps with learning_rate={self.rate:g} and precision={precision!r}; "
            f"use a lower rate{other}"
        )

    def _retreated(self) -> Iterator[str]:
        if self._retreats:
            times = "once" if self._retreats == 1 else f"{self._retreats} times"
            first = self.rate * 2**self._retreats
            yield f"diverged {times}, learning_rate {first:g} lowered to {self.rate:g}"

    def _on_plateau(self) -> bool:
        if self._config.tolerance is None or not self._totals:
            return False
        step, now = self._totals[-1]
        window = _WINDOW * (self._config.record_every or _UNRECORDED)
        earlier = [total for then, total in self._totals if then <= step - window]
        return bool(earlier) and earlier[-1] - now < self._config.tolerance * earlier[-1]


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(Record) if field.name in values}


@contextmanager
def spending(controls: Sequence[RunControl], phase: Literal["prepare", "optimize"]) -> Iterator[None]:
    """Count the time inside, an equal share of it for each transfer."""
    started = perf_counter()
    yield
    for control in controls:
        control.spend(phase, (perf_counter() - started) / len(controls))
