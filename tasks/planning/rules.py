"""The ways of pairing: from two storages to the plan of a batch."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import get_args

from nst_engine.config import TransferConfig
from nst_engine.errors import listed
from tasks.planning.collisions import first_collision
from tasks.planning.listing import list_pictures
from tasks.planning.names import nfc, stem
from tasks.planning.pair_list import read_pair_list
from tasks.planning.pair_list_row import RowReader
from tasks.planning.pairs import Pairs, Plan
from tasks.planning.request import Pairing, PairingError, Request
from tasks.storage import Entry, Storage

MOST_PAIRS = 10_000_000
"""Pairs of one batch at most; a larger number is taken for a mistake."""


def plan(contents: Storage, styles: Storage, request: Request, config: TransferConfig) -> Plan:
    """Find the pictures and pair them. Each storage is listed once; only the entries of pictures are kept.

    Args:
        contents, styles: the storages of the pictures.
        request: which pairs are asked for.
        config: the batch's configuration, whose fields rows of a pair list may override.

    Raises:
        PairingError: a side has no pictures, no content matches a style, the pair list has an error, or two pairs would
            be written to the same file.
        StorageError: a side cannot be listed, or the pair list cannot be read.
    """
    out_of_reach: list[str] = []
    report = out_of_reach.append
    found = list_pictures(contents, "content", request, report), list_pictures(styles, "style", request, report)
    if request.pair_list is not None:
        planned = Plan(pairs=read_pair_list(request.pair_list, RowReader(*found, request.backbones, config)))
    else:
        planned = _WAYS[request.way](*found, request.backbones)
    return replace(planned, out_of_reach=tuple(dict.fromkeys(out_of_reach)))


def _pair_every(contents: list[Entry], styles: list[Entry], backbones: tuple[str, ...]) -> Plan:
    return Plan(pairs=_require_distinct(Pairs(backbones=backbones, contents=contents, styles=styles, crossed=True)))


def _pair_by_stem(contents: list[Entry], styles: list[Entry], backbones: tuple[str, ...]) -> Plan:
    """Pair by stem. Two contents of a stem are kept, so that `_require_distinct` refuses them if a style has it."""
    first: dict[str, Entry] = {}
    second: dict[str, Entry] = {}
    for content in contents:
        name = nfc(stem(content.key))
        if first.setdefault(name, content) is not content:
            second.setdefault(name, content)
    pairs = Pairs(backbones=backbones, contents=[], styles=[], crossed=False)
    unmatched_styles = []
    for style in styles:
        name = nfc(stem(style.key))
        partners = [found[name] for found in (first, second) if name in found]
        pairs.contents.extend(partners)
        pairs.styles.extend([style] * len(partners))
        if not partners:
            unmatched_styles.append(style.key)
    if not pairs:
        raise _no_match_error(contents, styles)
    matched = {content.key for content in pairs.contents}
    unmatched_contents = tuple(content.key for content in contents if content.key not in matched)
    return Plan(
        pairs=_require_distinct(pairs), unmatched_contents=unmatched_contents, unmatched_styles=tuple(unmatched_styles)
    )


def _pair_by_rank(contents: list[Entry], styles: list[Entry], backbones: tuple[str, ...]) -> Plan:
    if len(contents) != len(styles):
        raise PairingError(
            f"pairing='zip' takes one style for each content, but there are {len(contents)} contents and "
            f"{len(styles)} styles; use exclude for the pictures that are too many, or pairing='list'"
        )
    return Plan(pairs=_require_distinct(Pairs(backbones=backbones, contents=contents, styles=styles, crossed=False)))


_WAYS: dict[Pairing, Callable[[list[Entry], list[Entry], tuple[str, ...]], Plan]] = {
    "every": _pair_every,
    "stem": _pair_by_stem,
    "zip": _pair_by_rank,
}


def _no_match_error(contents: list[Entry], styles: list[Entry]) -> PairingError:
    sides = [", ".join(repr(stem(entry.key)) for entry in entries[:3]) for entries in (contents, styles)]
    text = f"no content has the stem of a style: contents begin {sides[0]}, styles {sides[1]}"
    return PairingError(f"{text}; rename them alike or use pairing='every'")


def _require_distinct(pairs: Pairs) -> Pairs:
    """The pairs; refuses too many, and two of the same output file. Backbones have folders: one is checked for all."""
    if len(pairs) > MOST_PAIRS:
        raise PairingError(
            f"{len(pairs.contents)} contents and {len(pairs.styles)} styles make {len(pairs)} pairs, more than "
            f"{MOST_PAIRS}; use another pairing ({listed(get_args(Pairing))}), or include and exclude"
        )
    of_one_backbone = replace(pairs, backbones=pairs.backbones[:1])
    if collision := first_collision(of_one_backbone):
        one, other = (next(islice(of_one_backbone, index, None)) for index in collision)
        both = " and ".join(f"content {it.content.key!r} with style {it.style.key!r}" for it in (one, other))
        raise PairingError(f"{both} would both be written as {other.name!r}; rename one of the pictures")
    return pairs
