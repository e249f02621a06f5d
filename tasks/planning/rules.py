"""The ways of pairing: from two storages to the plan of a batch."""

from collections.abc import Callable, Collection, Container
from dataclasses import replace
from typing import TypeAlias, get_args

from nst_engine.config import TransferConfig
from nst_engine.errors import listed
from tasks.planning.listing import Listing, list_pictures
from tasks.planning.names import nfc, stem
from tasks.planning.naming import Finished, Naming, Shared, SharedInList, SharedInProduct
from tasks.planning.pair_list import read_pair_list
from tasks.planning.pair_list_row import RowReader
from tasks.planning.pairs import Pairs, PairSpec, Plan
from tasks.planning.request import Pairing, PairingError, Request
from tasks.storage import Entry, Storage

MOST_PAIRS = 10_000_000
"""Pairs of one batch at most; a larger number is taken for a mistake."""


FindFinished: TypeAlias = Callable[[Listing, Listing, Collection[str]], Finished]
"""Returns the names of the results that an output has of the contents, the styles and the backbones."""


def _none_finished(_contents: Listing, _styles: Listing, _backbones: Collection[str]) -> Finished:
    return Finished()


def plan(
    contents: Storage,
    styles: Storage,
    request: Request,
    config: TransferConfig,
    find_finished: FindFinished = _none_finished,
    results: tuple[Container[str], Container[str]] = ((), ()),
) -> Plan:
    """Find the pictures and pair them. Each storage is listed once; only the entries of pictures are kept.

    Args:
        contents, styles: the storages of the pictures.
        request: which pairs are asked for.
        config: the batch's configuration, whose fields rows of a pair list may override.
        find_finished: says which results keep their names.
        results: keys of the pictures among the contents and among the styles that are left out, since they are results.

    Raises:
        PairingError: a side has no pictures, no content matches a style, or the pair list has an error.
        StorageError: a side cannot be listed, or the pair list cannot be read.
    """
    sides = (
        list_pictures(contents, "content", request, results[0]),
        list_pictures(styles, "style", request, results[1]),
    )
    found = sides[0].pictures, sides[1].pictures
    if request.pair_list is not None:
        planned = Plan(pairs=read_pair_list(request.pair_list, RowReader(*found, request.backbones, config)))
    else:
        planned = _WAYS[request.way](*found, request.backbones)
    naming = Naming(_shared(planned.pairs), find_finished(*sides, planned.backbones))
    named = planned if naming.is_plain else planned.with_names(naming.named)
    return replace(
        named,
        out_of_reach=tuple(dict.fromkeys(line for side in sides for line in side.out_of_reach)),
        notes=tuple(dict.fromkeys((*(line for side in sides for line in side.notes()), *named.notes))),
    )


def _shared(pairs: Pairs | tuple[PairSpec, ...]) -> Shared:
    """The names of stems that more than one of the pairs would have."""
    if isinstance(pairs, Pairs) and pairs.crossed:
        return SharedInProduct(*([entry.key for entry in side] for side in (pairs.contents, pairs.styles)))
    return SharedInList(pairs)


def _pair_every(contents: list[Entry], styles: list[Entry], backbones: tuple[str, ...]) -> Plan:
    pairs = Pairs(backbones=backbones, contents=contents, styles=styles, crossed=True)
    _require_bounded(len(pairs), contents, styles)
    return Plan(pairs=pairs)


def _pair_by_stem(contents: list[Entry], styles: list[Entry], backbones: tuple[str, ...]) -> Plan:
    by_stem: dict[str, list[Entry]] = {nfc(stem(style.key)): [] for style in styles}
    for content in contents:
        if (name := nfc(stem(content.key))) in by_stem:
            by_stem[name].append(content)
    matches = [by_stem[nfc(stem(style.key))] for style in styles]
    _require_bounded(len(backbones) * sum(map(len, matches)), contents, styles)
    pairs = Pairs(
        backbones=backbones,
        contents=[content for match in matches for content in match],
        styles=[style for style, match in zip(styles, matches, strict=True) for _ in match],
        crossed=False,
    )
    if not pairs:
        raise _no_match_error(contents, styles)
    matched = {content.key for content in pairs.contents}
    return Plan(
        pairs=pairs,
        unmatched_contents=tuple(content.key for content in contents if content.key not in matched),
        unmatched_styles=tuple(style.key for style, match in zip(styles, matches, strict=True) if not match),
    )


def _pair_by_rank(contents: list[Entry], styles: list[Entry], backbones: tuple[str, ...]) -> Plan:
    if len(contents) != len(styles):
        raise PairingError(
            f"pairing='zip' takes one style for each content, but there are {len(contents)} contents and "
            f"{len(styles)} styles; use exclude for the pictures that are too many, or pairing='list'"
        )
    pairs = Pairs(backbones=backbones, contents=contents, styles=styles, crossed=False)
    _require_bounded(len(pairs), contents, styles)
    return Plan(pairs=pairs)


_WAYS: dict[Pairing, Callable[[list[Entry], list[Entry], tuple[str, ...]], Plan]] = {
    "every": _pair_every,
    "stem": _pair_by_stem,
    "zip": _pair_by_rank,
}


def _no_match_error(contents: list[Entry], styles: list[Entry]) -> PairingError:
    sides = [", ".join(repr(stem(entry.key)) for entry in entries[:3]) for entries in (contents, styles)]
    text = f"no content has the stem of a style: contents begin {sides[0]}, styles {sides[1]}"
    return PairingError(f"{text}; rename them alike or use pairing='every'")


def _require_bounded(count: int, contents: list[Entry], styles: list[Entry]) -> None:
    """Refuse more than `MOST_PAIRS` pairs."""
    if count > MOST_PAIRS:
        raise PairingError(
            f"{len(contents)} contents and {len(styles)} styles make {count} pairs, more than "
            f"{MOST_PAIRS}; use another pairing ({listed(get_args(Pairing))}), or include and exclude"
        )
