"""Shards: the pairs that one task run takes, so that a large batch costs little more orchestration than a small one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from math import ceil
from operator import attrgetter

from tasks.planning.pairs import PairSpec
from tasks.planning.request import PairingError

MOST = 500
"""Pairs of a shard: what is lost to the progress, and to the parameters of a run, stays small."""

_SINGLY, _LEAST = 2000, 50
"""Up to so many pairs each has a task run of its own; beyond, one takes so many at least."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Pairs of one backbone that are made one after another.

    Attributes:
        pairs: at least one.
    """

    pairs: tuple[PairSpec, ...]

    @property
    def name(self) -> str:
        """The pair's name, or the first one's and how many follow it."""
        more = len(self.pairs) - 1
        return f"{self.pairs[0].name} and {more} more" if more else self.pairs[0].name


def in_shards(pairs: Iterable[PairSpec], size: int) -> Iterator[Shard]:
    """The pairs in their order, in shards of that size; a backbone begins a new one."""
    for _, of_backbone in groupby(pairs, attrgetter("backbone")):
        while some := tuple(islice(of_backbone, size)):
            yield Shard(pairs=some)


def shard_size(count: int, wanted: int | None) -> int:
    """Pairs of a shard in a batch of so many: what is wanted, or for None what makes no more than 2000 task runs.

    Raises:
        PairingError: what is wanted is no size.
    """
    if wanted is None:
        return 1 if count <= _SINGLY else min(MOST, max(_LEAST, ceil(count / _SINGLY)))
    if not 1 <= wanted <= MOST:
        raise PairingError(f"pairs_per_task={wanted} is not allowed; use 1 to {MOST}")
    return wanted
