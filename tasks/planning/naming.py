"""What pairs are called: by the stems of their pictures, or in full where other pictures have these stems too.

A name in full depends on the pair alone: no picture that comes or goes changes it, and no other pair has it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from tasks.planning.collisions import repeated
from tasks.planning.names import folded, stem
from tasks.planning.pairs import PairSpec


class Shared(Protocol):
    """The names of stems that more than one pair would have."""

    @property
    def is_empty(self) -> bool:
        """True if there is no such name."""

    def includes(self, pair: PairSpec) -> bool:
        """True if another pair has the same stems."""


class SharedInList:
    """The names of stems that more than one of some pairs would have; a pair with a title has a name already."""

    def __init__(self, pairs: Iterable[PairSpec]) -> None:
        self._names = repeated(lambda: (folded(pair.name) for pair in pairs if pair.title is None))

    @property
    def is_empty(self) -> bool:
        """True if there is no such name."""
        return not self._names

    def includes(self, pair: PairSpec) -> bool:
        """True if another pair has the same stems."""
        return folded(pair.name) in self._names


class SharedInProduct:
    """The names of stems that more than one pair of a content and a style would have. No pair is made to know that.

    Args:
        contents, styles: the keys of the pictures.
    """

    def __init__(self, contents: Iterable[str], styles: Iterable[str]) -> None:
        self._contents, self._styles = _Stems(contents), _Stems(styles)
        self._are_ambiguous = self._contents.are_ambiguous or self._styles.are_ambiguous

    @property
    def is_empty(self) -> bool:
        """True if there is no such name."""
        return not (self._contents.repeated or self._styles.repeated or self._are_ambiguous)

    def includes(self, pair: PairSpec) -> bool:
        """True if another pair has the same stems."""
        return self.includes_name(pair.stems)

    def includes_name(self, name: str) -> bool:
        """True if more than one pair has stems that make this name; of a name that no pair has, it says nothing."""
        stems = list(_splits(folded(name)))
        if self._are_ambiguous:
            stems = [(one, other) for one, other in stems if one in self._contents.all and other in self._styles.all]
        return len(stems) > 1 or any(
            one in self._contents.repeated or other in self._styles.repeated for one, other in stems
        )


class _Stems:
    """The stems of one side, folded.

    Attributes:
        repeated: those that more than one picture has.
        are_ambiguous: whether one has dashes by which a name may be of other stems too: `a--b--c` of `a` or of `a--b`.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = keys
        self.repeated = repeated(self._each)
        self.are_ambiguous = any(map(re.compile(r"--|^-|-$").search, self._each()))

    @cached_property
    def all(self) -> frozenset[str]:
        """The stems, each once."""
        return frozenset(self._each())

    def _each(self) -> Iterator[str]:
        return (folded(stem(key)) for key in self._keys)


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """The content stems and style stems that a name may have been made of."""
    return ((name[: cut.start()], name[cut.start() + 2 :]) for cut in re.finditer(r"-(?=-)", name))


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The names of results that an output has.

    Attributes:
        in_full: names in full, whatever their backbones.
        owners: names in full of the pairs that have results under the names of their stems, by these, folded. Only
            names that pictures of the folders share, or may share with one that is out of reach, are here.
    """

    in_full: frozenset[str] = frozenset()
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Naming:
    """Calls pairs by their stems or in full. A result that an output has keeps its name."""

    shared: Shared
    finished: Finished = Finished()

    def named(self, pair: PairSpec) -> PairSpec:
        """The pair, with its name in full as its title if that is what it is called."""
        return replace(pair, title=pair.full_name) if pair.title is None and self._is_in_full(pair) else pair

    @property
    def is_plain(self) -> bool:
        """True if all pairs are called by their stems."""
        return self.shared.is_empty and self.finished == Finished()

    def _is_in_full(self, pair: PairSpec) -> bool:
        if pair.full_name in self.finished.in_full:
            return True
        owners = self.finished.owners.get(folded(pair.stems))
        return self.shared.includes(pair) if owners is None else owners != {pair.full_name}
