"""The request of a batch: which content goes with which style."""

from dataclasses import dataclass
from typing import Literal, get_args

from nst_engine.errors import NightbrushError, listed

Pairing = Literal["every", "stem", "zip", "list"]
"""Which content goes with which style: each with each, those of the same stem, those of the same rank in the order of
keys, or those listed in a CSV file."""

_PAIRINGS: tuple[Pairing, ...] = get_args(Pairing)


class PairingError(NightbrushError):
    """The pictures make no batch, or two rows of a pair list would be the same file."""


def require_pairing(name: str) -> Pairing:
    """Returns the way of pairing of that name.

    Raises:
        PairingError: there is none.
    """
    for pairing in _PAIRINGS:
        if pairing == name:
            return pairing
    raise PairingError(f"pairing={name!r} is not known; use {listed(_PAIRINGS)}")


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which pairs a batch is asked for.

    Attributes:
        backbones: names of the networks that make every pair; a row of a pair list may name another.
        pairing: way of pairing; None is `list` if there is a pair list, else `every`.
        pair_list: path or URI of the pair list.
        include, exclude: patterns of keys, see `tasks.planning.listing`.

    Raises:
        PairingError: the values contradict each other.
    """

    backbones: tuple[str, ...]
    pairing: Pairing | None = None
    pair_list: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pairing is not None:
            require_pairing(self.pairing)
        if self.way == "list" and self.pair_list is None:
            raise PairingError("pairing='list' has no list; name a CSV file with pairs (--pairs FILE.csv)")
        if self.way != "list" and self.pair_list is not None:
            raise PairingError(f"pairing={self.way!r} uses no list; leave out pairs={self.pair_list!r}, or use 'list'")
        if not self.backbones:
            raise PairingError("backbones is empty; name at least one")
        if len({backbone.casefold() for backbone in self.backbones}) < len(self.backbones):
            raise PairingError(f"backbones={', '.join(self.backbones)} names one twice; name each once")

    @property
    def way(self) -> Pairing:
        """The way of pairing, with None replaced."""
        return self.pairing or ("every" if self.pair_list is None else "list")
