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


def check_pairs_per_task(wanted: int | None) -> None:
    """Refuse what is no size of a shard; None leaves the choice to `shard_size`.

    Raises:
        PairingError: it is not allowed.
    """
    if wanted is not None and not 1 <= wanted <= MOST:
        raise PairingError(f"pairs_per_task={wanted} is not allowed; use 1 to {MOST}")


def shard_size(count: int, wanted: int | None) -> int:
    """Returns the pairs of a shard in a batch of `count`.

    Args:
        count: pairs of the batch.
        wanted: a size that `check_pairs_per_task` allows; None is what makes no more than 2000 task runs, or the
            largest size where these are not enough.
    """
    if wanted is None:
        return 1 if count <= _MOST_SINGLE else min(MOST, max(_LEAST, ceil(count / _MOST_SINGLE)))
    return wanted
