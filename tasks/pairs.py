"""Pairs of a content and a style: what a batch is asked for, and the plan that comes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from posixpath import basename, splitext
from typing import Any, Literal, get_args
from unicodedata import normalize

from nst_engine.config import TransferConfig
from nst_engine.errors import NightbrushError, listed
from tasks.storage import Entry

Pairing = Literal["every", "stem", "zip", "list"]
"""Which content goes with which style: each with each, those of the same stem, those of the same rank in the order of
keys, or those that a CSV file lists."""

Overrides = tuple[tuple[str, Any], ...]
"""Configuration fields of one pair alone, each with its value, in the order of their names."""

_MOST_NAMED = 40


class PairingError(NightbrushError):
    """No batch can be made of the pictures that are there, or two of its pictures would be one file."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which pairs a batch is asked for.

    Attributes:
        backbones: networks, each for every pair; a row of a pair list may name another.
        pairing: way of pairing; None is `list` where there is a pair list, else `every`.
        pairs: path or URI of the pair list.
        include, exclude: patterns of keys, see `tasks.pictures`.

    Raises:
        PairingError: the values make no sense together.
    """

    backbones: tuple[str, ...]
    pairing: Pairing | None = None
    pairs: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pairing not in (None, *get_args(Pairing)):
            raise PairingError(f"pairing={self.pairing!r} is not known; use {listed(get_args(Pairing))}")
        if self.way == "list" and self.pairs is None:
            raise PairingError("pairing='list' has no list; name a CSV file with pairs (--pairs FILE.csv)")
        if self.way != "list" and self.pairs is not None:
            raise PairingError(f"pairing={self.way!r} uses no list; leave out pairs={self.pairs!r}, or use 'list'")
        if not self.backbones:
            raise PairingError("backbones is empty; name at least one")
        if len({backbone.casefold() for backbone in self.backbones}) < len(self.backbones):
            raise PairingError(f"backbones={', '.join(self.backbones)} names one twice; name each once")

    @property
    def way(self) -> Pairing:
        """The way of pairing, None replaced."""
        return self.pairing or ("every" if self.pairs is None else "list")


@dataclass(frozen=True, kw_only=True, slots=True)
class PairSpec:
    """One picture to be made: a content, a style and the backbone that does it.

    Small and JSON-able on purpose: this travels through Prefect, pictures do not.

    Attributes:
        content, style: what the listing told of them.
        backbone: name of the network.
        overrides: what this pair's configuration has other than the batch's.
        title: the pair's name, if it has one of its own.
    """

    content: Entry
    style: Entry
    backbone: str
    overrides: Overrides = ()
    title: str | None = None

    @property
    def pair(self) -> str:
        """`<content stem>--<style stem>` or the pair's own title: its name, the same for every backbone."""
        return f"{stem(self.content.key)}--{stem(self.style.key)}" if self.title is None else self.title

    @property
    def name(self) -> str:
        """`<backbone>/<pair>`: the name of the task run, and the key of the outputs without a suffix."""
        return f"{self.backbone}/{self.pair}"

    @property
    def sidecar_key(self) -> str:
        """Key of the sidecar in the output."""
        return f"{self.name}.json"

    def picture_key(self, file_format: str) -> str:
        """Key of the picture in the output; `file_format` is `TransferConfig.format`."""
        return f"{self.name}.{file_format}"

    def snapshot_key(self, steps: int, file_format: str) -> str:
        """Key, in the output, of the picture as it stood after so many steps."""
        return f"{self.name}.steps/{steps:05d}.{file_format}"

    def configured(self, config: TransferConfig) -> TransferConfig:
        """The pair's own configuration, made of the batch's.

        Raises:
            ConfigError: the pair's fields do not go with the others.
        """
        return config.replace(backbone=self.backbone, **dict(self.overrides))


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs that come into being when they are asked for: a million take no more memory than their entries.

    Attributes:
        backbones: networks, each for every pair.
        contents, styles: pictures.
        crossed: whether each content goes with each style; else each goes with the style of the same index.
    """

    backbones: tuple[str, ...]
    contents: list[Entry]
    styles: list[Entry]
    crossed: bool

    def __len__(self) -> int:
        return len(self.backbones) * len(self.contents) * (len(self.styles) if self.crossed else 1)

    def __iter__(self) -> Iterator[PairSpec]:
        for backbone in self.backbones:
            for style, content in (product if self.crossed else zip)(self.styles, self.contents):
                yield PairSpec(content=content, style=style, backbone=backbone)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a batch will do, and what it leaves out.

    Attributes:
        pairs: the pictures to be made, in the order that reuses most: by backbone, overrides, style, content. A network
            is loaded once, and a style's targets are computed once.
        unmatched_contents, unmatched_styles: keys of pictures that found no partner, in their order.
        out_of_reach: a line on each picture that cannot be had, and on each folder that cannot be looked into.
    """

    pairs: Pairs | tuple[PairSpec, ...]
    unmatched_contents: tuple[str, ...] = ()
    unmatched_styles: tuple[str, ...] = ()
    out_of_reach: tuple[str, ...] = ()

    def left_out(self) -> Iterator[str]:
        """A line for each picture without a partner, or out of reach, and for all that are too many for lines."""
        yield from _left_out(self.out_of_reach, "{}", "pictures and folders are out of reach")
        for side, keys in (("content", self.unmatched_contents), ("style", self.unmatched_styles)):
            yield from _left_out(keys, f"{side} {{}} has no partner", f"of the {side} pictures have no partner")


def _left_out(names: Sequence[str], each: str, others: str) -> Iterator[str]:
    yield from (f"left out: {each.format(shown(name))}" for name in names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        yield f"left out: {len(names) - _MOST_NAMED} more {others}"


def stem(key: str) -> str:
    """The name of a picture without folder and suffix."""
    return splitext(basename(key))[0]


def composed(name: str) -> str:
    """A name with its accents in one form: a Mac may have written one picture's, a camera another's."""
    return normalize("NFC", name)


def shown(name: str) -> str:
    """A name as a line of text may hold it: quoted and escaped, if it has a line break or steers a terminal."""
    return name if name.isprintable() else repr(name)
