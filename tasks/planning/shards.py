"""Shards: the pairs of one task run. They bound the number of task runs, and so Prefect's share of the time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from math import ceil
from operator import attrgetter

from tasks.planning.pairs import PairSpec
from tasks.planning.request import PairingError

MOST = 500
"""Pairs of a shard at most: progress stays fine-grained, and the parameters of a run small."""

_MOST_SINGLE, _LEAST = 2000, 50
"""Up to 2000 pairs each have a task run of their own; in a larger batch a shard takes at least 50."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Pairs of one backbone that are made one after another.

    Attributes:
        pairs: at least one.
    """

    pairs: tuple[PairSpec, ...]

    @property
    def name(self) -> str:
        """The name of the only pair, or of the first and the number of the others."""
        more = len(self.pairs) - 1
        return f"{self.pairs[0].name} and {more} more" if more else self.pairs[0].name


def split_into_shards(pairs: Iterable[PairSpec], size: int) -> Iterator[Shard]:
    """The pairs in their order, in shards of `size`; each backbone begins a new shard."""
    for _, of_backbone in groupby(pairs, attrgetter("backbone")):
        while some := tuple(islice(of_backbone, size)):
            yield Shard(pairs=some)


def shard_size(count: int, wanted: int | None) -> int:
    """Pairs of a shard: `wanted`, or for None a size that cuts `count` pairs, up to a million, into some 2000 shards.

    Raises:
        PairingError: `wanted` is not between 1 and `MOST`.
    """
    if wanted is None:
        return 1 if count <= _MOST_SINGLE else min(MOST, max(_LEAST, ceil(count / _MOST_SINGLE)))
    if not 1 <= wanted <= MOST:
        raise PairingError(f"pairs_per_task={wanted} is not allowed; use 1 to {MOST}")
    return wanted
