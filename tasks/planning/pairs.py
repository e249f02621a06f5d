"""Pairs of a content and a style, and the plan of a batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Self

from nst_engine.config import TransferConfig
from tasks.planning.names import full_name, printable, stem
from tasks.storage import Entry

Overrides = tuple[tuple[str, object], ...]
"""Configuration fields that are set for one pair alone, each with its value, sorted by name."""

_MOST_NAMED = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class PairSpec:
    """One result to be made: a content, a style and a backbone.

    Small and JSON-able on purpose: pairs travel through Prefect, pictures do not.

    Attributes:
        content, style: the pictures, as listed.
        backbone: name of the network.
        overrides: the fields in which this pair's configuration differs from the batch's.
        title: a name that replaces that of the stems; None for no such name.
    """

    content: Entry
    style: Entry
    backbone: str
    overrides: Overrides = ()
    title: str | None = None

    @property
    def pair(self) -> str:
        """The pair's name, the same for every backbone: its title or the name of its stems."""
        return self.stems if self.title is None else self.title

    @property
    def stems(self) -> str:
        """`<content stem>--<style stem>`: the name of most pairs, but other pairs may have the same stems."""
        return f"{stem(self.content.key)}--{stem(self.style.key)}"

    @property
    def full_name(self) -> str:
        """`<content file>--<style file>~<hash of both keys>`: a name that no other pair has."""
        return full_name(self.content.key, self.style.key)

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
        """Key, in the output, of the snapshot after `steps` steps."""
        return f"{self.name}.steps/{steps:05d}.{file_format}"

    def own_config(self, config: TransferConfig) -> TransferConfig:
        """The pair's configuration: the batch's, with the pair's backbone and overrides.

        Raises:
            ConfigError: the pair's fields do not go with the others.
        """
        return config.replace(backbone=self.backbone, **dict(self.overrides))


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs that are created during iteration: a million of them take no more memory than the entries of the pictures.

    Attributes:
        backbones: names of the networks; every pair is made with each.
        contents, styles: the pictures.
        crossed: True pairs each content with each style; False pairs each content with the style at the same index.
        named: gives a pair its name; None leaves all with the names of their stems.
    """

    backbones: tuple[str, ...]
    contents: list[Entry]
    styles: list[Entry]
    crossed: bool
    named: Callable[[PairSpec], PairSpec] | None = None

    def __len__(self) -> int:
        return len(self.backbones) * len(self.contents) * (len(self.styles) if self.crossed else 1)

    def __iter__(self) -> Iterator[PairSpec]:
        return self._unnamed() if self.named is None else map(self.named, self._unnamed())

    def _unnamed(self) -> Iterator[PairSpec]:
        for backbone in self.backbones:
            for style, content in (product if self.crossed else zip)(self.styles, self.contents):
                yield PairSpec(content=content, style=style, backbone=backbone)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The pairs of a batch, and the pictures that it leaves out.

    Attributes:
        pairs: in the order that reuses most: by backbone, overrides, style, content. A network is loaded once, and a
            style's targets are computed once.
        unmatched_contents, unmatched_styles: sorted keys of the pictures without a partner.
        out_of_reach: a line about each picture or folder that cannot be read.
        notes: further lines for whoever runs the batch.
    """

    pairs: Pairs | tuple[PairSpec, ...]
    unmatched_contents: tuple[str, ...] = ()
    unmatched_styles: tuple[str, ...] = ()
    out_of_reach: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def backbones(self) -> tuple[str, ...]:
        """The backbones of the pairs, in their order."""
        pairs = self.pairs
        return pairs.backbones if isinstance(pairs, Pairs) else tuple(dict.fromkeys(pair.backbone for pair in pairs))

    def with_names(self, named: Callable[[PairSpec], PairSpec]) -> Self:
        """The plan with the names that `named` gives to its pairs, and with a note if some are names in full."""
        pairs = self.pairs
        pairs = replace(pairs, named=named) if isinstance(pairs, Pairs) else tuple(map(named, pairs))
        in_full = (pair for pair in pairs if pair.title is not None and pair.title == pair.full_name)
        if (first := next(in_full, None)) is None:
            return replace(self, pairs=pairs)
        count = 1 + sum(1 for _ in in_full)
        note = (
            f"pairs with a name in full, since pictures share their stems: {count}, the first {printable(first.name)}"
        )
        return replace(self, pairs=pairs, notes=(*self.notes, note))

    def warnings(self) -> Iterator[str]:
        """The lines of `left_out`, then the notes."""
        yield from self.left_out()
        yield from self.notes

    def left_out(self) -> Iterator[str]:
        """A line for each picture that is left out, and a count where there are more than 40 of a kind."""
        yield from _left_out(self.out_of_reach, "{}", "pictures and folders are out of reach")
        for side, keys in (("content", self.unmatched_contents), ("style", self.unmatched_styles)):
            yield from _left_out(keys, f"{side} {{}} has no partner", f"of the {side} pictures have no partner")


def _left_out(names: Sequence[str], each: str, others: str) -> Iterator[str]:
    yield from (f"left out: {each.format(printable(name))}" for name in names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        yield f"left out: {len(names) - _MOST_NAMED} more {others}"
