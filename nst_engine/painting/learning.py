"""A painter's learning, from the first update to the last; it can be left and taken up again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from nst_engine.errors import PainterError
from nst_engine.painting.course import Course
from nst_engine.painting.learner import Learner
from nst_engine.painting.lessons import Lessons
from nst_engine.painting.network import Arrays
from nst_engine.painting.painter_file import from_bytes, to_bytes
from nst_engine.registry.losses import TOTAL
from nst_engine.transfer.engine import StyleTransfer
from nst_engine.transfer.pair import Pair, Source
from nst_engine.transfer.pair_run import PairRun
from nst_engine.transfer.result import LossTerms


@dataclass(frozen=True, kw_only=True)
class Check:
    """The mean losses of the held-out photographs after `update` updates, painted at the strength 0.5."""

    update: int
    losses: LossTerms

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Check":
        """The check that `asdict` made plain values of."""
        return cls(update=values["update"], losses=LossTerms(**values["losses"]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Progress:
    """How far a learning is.

    Attributes:
        done: updates so far.
        end: updates after which it ends, as far as is known.
        history: the checks so far.
        checkpoint: makes the bytes from which the learning can be taken up.
    """

    done: int
    end: int
    history: tuple[Check, ...]
    checkpoint: Callable[[], bytes]


class Learning:
    """Learns one style.

    Args:
        engine: the network and the objective; its configuration says how much is learned.
        style: the style's picture.
        lessons: what it learns from.
        course: when it learns what.
        candidates: parameters of the network; those with which the held-out photographs lose least are begun with.
        resume: a checkpoint of the same learning.

    Attributes:
        history: the checks so far.

    Raises:
        PainterError: the checkpoint is damaged.
    """

    def __init__(
        self,
        engine: StyleTransfer,
        style: Source,
        lessons: Lessons,
        course: Course,
        candidates: Sequence[Arrays],
        resume: bytes | None = None,
    ) -> None:
        config, shared = engine.config, engine.shared
        self._lessons, self._course = lessons, course
        self._device = engine.device
        with tf.device(self._device):
            run = PairRun(config.replace(method="optimize"), Pair(style, style), engine.precision.loss_scale)
            styles = tuple(shared.styles(run, (course.side, course.side), None))
            self._learner = Learner(shared, styles, config, candidates[0])
            self._crops = lessons.held_out(self._course.crops[1])
            if resume is None and len(candidates) > 1:
                self._learner.begin_with(min(candidates, key=self._total))
        self.history: list[Check] = []
        self._done = 0
        if resume is not None:
            self._restore(resume)

    @property
    def parameters(self) -> Arrays:
        """The parameters as they are now."""
        return self._learner.parameters

    def run(self) -> Iterator[Progress]:
        """Learn; yields before the first update and after each.

        Raises:
            PainterError: the losses are not finite.
        """
        with tf.device(self._device):
            self._check()
            yield self._progress()
            while self._done < self._end:
                totals = self._totals
                lesson = self._lessons.at(self._done, self._course.crop(self._done, totals))
                self._learner.update(lesson, self._course.rate(self._done, totals))
                self._done += 1
                self._check()
                yield self._progress()

    @property
    def _totals(self) -> list[float]:
        return [check.losses.total for check in self.history]

    @property
    def _end(self) -> int:
        return self._course.end(self._totals)

    def _check(self) -> None:
        """Check the held-out photographs, if it is time and not yet done."""
        if self._done % self._course.check_every and self._done != self._end:
            return
        if self.history and self.history[-1].update == self._done:
            return
        losses = LossTerms.from_vector(self._learner.check(self._crops))
        if not np.isfinite(losses.total):
            raise PainterError(
                f"the loss is {losses.total} after {self._done} updates; use other weights, or precision=float32"
            )
        self.history.append(Check(update=self._done, losses=losses))

    def _total(self, parameters: Arrays) -> float:
        """The total loss of the held-out photographs with these parameters."""
        self._learner.begin_with(parameters)
        return float(self._learner.check(self._crops)[TOTAL])

    def _progress(self) -> Progress:
        return Progress(done=self._done, end=self._end, history=tuple(self.history), checkpoint=self._checkpoint)

    def _checkpoint(self) -> bytes:
        history = [asdict(check) for check in self.history]
        account = {"done": self._done, "history": history, "updates": self._course.updates}
        return to_bytes(self._learner.state(), account)

    def _restore(self, data: bytes) -> None:
        state, account = from_bytes(data, "checkpoint")
        self._learner.restore(state)
        self._done = account["done"]
        self._course = replace(self._course, updates=account["updates"])
        self.history = list(map(Check.from_dict, account["history"]))
