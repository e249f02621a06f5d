"""Finds names that occur more than once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from tasks.planning.names import folded
from tasks.planning.pairs import PairSpec


def repeated(names: Callable[[], Iterator[str]]) -> frozenset[str]:
    """The names that occur more than once. Only the hashes of the others are kept in memory.

    Args:
        names: returns the names, the same ones each time it is called.
    """
    hashes = np.fromiter(map(hash, names()), np.int64)
    hashes.sort()
    suspects = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    counts = Counter(name for name in names() if hash(name) in suspects) if suspects else Counter[str]()
    return frozenset(name for name, count in counts.items() if count > 1)


def first_collision(pairs: Iterable[PairSpec]) -> tuple[int, int] | None:
    """Indices of the first two pairs with the same output name, or None if all names differ.

    Names that differ only in case or in the form of an accent count as the same.
    """
    twice = repeated(lambda: (folded(pair.name) for pair in pairs))
    owners: dict[str, int] = {}
    for index, pair in enumerate(pairs if twice else ()):
        name = folded(pair.name)
        if name in twice and owners.setdefault(name, index) != index:
            return owners[name], index
    return None
