"""Pairs of a content and a style, and the plan that they make."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from nst_engine.config import TransferConfig
from tasks.planning.names import printable, stem
from tasks.storage import Entry

Overrides = tuple[tuple[str, Any], ...]
"""Configuration fields of one pair alone, each with its value, in the order of their names."""

_MOST_NAMED = 40


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
    yield from (f"left out: {each.format(printable(name))}" for name in names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        yield f"left out: {len(names) - _MOST_NAMED} more {others}"
