"""Finds two pairs that would be written to the same file."""

from collections.abc import Iterator

import numpy as np

from tasks.planning.names import nfc
from tasks.planning.pairs import Pairs, PairSpec


def first_collision(pairs: Pairs | list[PairSpec]) -> tuple[int, int] | None:
    """Indices of two pairs with the same output name, or None if all names differ.

    Names that differ only in case or in the form of an accent count as the same: they are one file on the usual disks
    of macOS and Windows, to which an output may be copied. Only the hashes of the names are kept in memory.
    """
    hashes = np.fromiter(map(hash, _names(pairs)), np.int64, len(pairs))
    hashes.sort()
    repeated = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    owners: dict[str, int] = {}
    for index, name in enumerate(_names(pairs) if repeated else ()):
        if hash(name) in repeated and owners.setdefault(name, index) != index:
            return owners[name], index
    return None


def _names(pairs: Pairs | list[PairSpec]) -> Iterator[str]:
    return (nfc(pair.name).casefold() for pair in pairs)
