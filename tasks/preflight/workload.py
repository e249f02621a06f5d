"""Pairs that are to be made, and what they cost."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from nst_engine.errors import ImageError, TransferError
from tasks.planning.job import Job
from tasks.planning.names import printable
from tasks.planning.pairs import PairSpec
from tasks.preflight.estimate import Estimate, estimate
from tasks.reporting.number_format import duration
from tasks.storage import StorageError

_MAX_TRIED = 5
"""How many pairs of a backbone to try; the first that can be made stands for all."""


class Failure(str):
    """A line about a pair that will fail."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Pairs that are to be made.

    Attributes:
        counts: how many of them each backbone makes.
        firsts: the first few of each backbone.
    """

    counts: Counter[str]
    firsts: dict[str, list[PairSpec]]

    @classmethod
    def of(cls, pairs: Iterable[PairSpec]) -> Self:
        """The workload of pairs, of which no more are kept than the first few."""
        counts: Counter[str] = Counter()
        firsts: dict[str, list[PairSpec]] = {}
        for pair in pairs:
            counts[pair.backbone] += 1
            if counts[pair.backbone] <= _MAX_TRIED:
                firsts.setdefault(pair.backbone, []).append(pair)
        return cls(counts=counts, firsts=firsts)

    @property
    def total(self) -> int:
        """How many pairs there are."""
        return self.counts.total()

    def cost(self, job: Job) -> Iterator[str]:
        """Lines with the estimated time of each backbone, one for all, and a `Failure` for each that fails before.

        Raises:
            NightbrushError: a pair cannot be tried, for want of its weights or of the device.
        """
        seconds = 0.0
        for backbone, pairs in self.firsts.items():
            found, failures = _estimate_first(pairs, job)
            yield from failures
            if found is None:
                yield f"{backbone}: {self.counts[backbone]} x ? s, for the first of them fail"
                continue
            seconds += found.seconds * self.counts[backbone]
            size = f"{found.width}x{found.height} pixels"
            yield f"{backbone}: {self.counts[backbone]} x {found.seconds:.0f} s, each {found.steps} steps to {size}"
        if seconds:
            yield f"about {duration(seconds)} on this device, if all are like the first of their backbone"


def _estimate_first(pairs: Iterable[PairSpec], job: Job) -> tuple[Estimate | None, list[Failure]]:
    """The estimate for the first pair that can be made, or None, and a line for each pair that failed before it."""
    failures: list[Failure] = []
    for pair in pairs:
        try:
            return estimate(pair, job), failures
        except (ImageError, StorageError, TransferError) as error:
            failures.append(Failure(f"{printable(pair.name)} will fail: {error}"))
    return None, failures
