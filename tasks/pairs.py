"""Pairs of a content and a style: what a batch is made of, found in two storages."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args
from unicodedata import normalize

from nst_engine.errors import NightbrushError, listed
from nst_engine.images import SUFFIXES
from tasks.storage import Storage

Pairing = Literal["every", "stem"]
"""`every`: each content with each style; `stem`: each content with the style of the same stem."""


class PairingError(NightbrushError):
    """No batch can be made of the pictures that are there, or two of its pictures would be one file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PairSpec:
    """One picture to be made: a content key, a style key and the backbone that does it.

    Small and JSON-able on purpose: this travels through Prefect, pictures do not.
    """

    content: str
    style: str
    backbone: str

    @property
    def pair(self) -> str:
        """`<content stem>--<style stem>`: the pair's name, the same for every backbone."""
        return f"{_stem(self.content)}--{_stem(self.style)}"

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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a batch will do, and what it leaves out.

    Attributes:
        pairs: the pictures to be made, in the order that reuses most: by backbone, style, content.
        unmatched_contents, unmatched_styles: keys of pictures that found no partner, in their order.
    """

    pairs: tuple[PairSpec, ...]
    unmatched_contents: tuple[str, ...] = ()
    unmatched_styles: tuple[str, ...] = ()


def pictures(storage: Storage) -> Iterator[str]:
    """Keys of the pictures in `storage`, in their order: by suffix, in any case; hidden files and folders left out.

    Raises:
        PairingError: a picture's name is not UTF-8, so no row or sidecar could bear it.
    """
    for entry in storage.list():
        path = PurePosixPath(entry.key)
        if path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts):
            _check_text(entry.key, storage)
            yield entry.key


def plan(contents: Storage, styles: Storage, backbones: Sequence[str], pairing: Pairing) -> Plan:
    """Find the pictures and pair them.

    The order is backbone, style, content, for what costs most to change changes least: a network is loaded
    once, a style's targets are computed once, and contents of one shape, which tend to lie side by side in
    a folder, share a traced graph.

    Raises:
        PairingError: a side has no pictures, none match, two pairs would be written to one file, or
            `backbones` or `pairing` are not usable.
        StorageError: a side cannot be listed.
    """
    _check_request(backbones, pairing)
    content_keys, style_keys = _found(contents, "content"), _found(styles, "style")
    matches = list(_matches(content_keys, style_keys, pairing))
    if not matches:
        raise _no_match(content_keys, style_keys)
    pairs = tuple(PairSpec(content=c, style=s, backbone=backbone) for backbone in backbones for c, s in matches)
    _refuse_collisions(pairs)
    matched_contents, matched_styles = {content for content, _ in matches}, {style for _, style in matches}
    return Plan(
        pairs=pairs,
        unmatched_contents=tuple(key for key in content_keys if key not in matched_contents),
        unmatched_styles=tuple(key for key in style_keys if key not in matched_styles),
    )


def _matches(contents: Sequence[str], styles: Sequence[str], pairing: Pairing) -> Iterator[tuple[str, str]]:
    """Content and style of each match, one style's after another's."""
    by_stem = defaultdict(list)
    for content in contents:
        by_stem[_stem(content)].append(content)
    for style in styles:
        partners = contents if pairing == "every" else by_stem[_stem(style)]
        yield from ((content, style) for content in partners)


def _refuse_collisions(pairs: Iterable[PairSpec]) -> None:
    """Refuse two pairs with one output name, also where only case or the form of an accent sets them apart.

    Such names are one file on the usual disks of macOS and Windows, to which an output may be copied.
    """
    owners: dict[str, PairSpec] = {}
    for pair in pairs:
        other = owners.setdefault(normalize("NFC", pair.name).casefold(), pair)
        if other is not pair:
            both = " and ".join(f"content {it.content!r} with style {it.style!r}" for it in (other, pair))
            raise PairingError(f"{both} would both be written as {pair.name!r}; rename one of the pictures")


def _check_request(backbones: Sequence[str], pairing: Pairing) -> None:
    if pairing not in get_args(Pairing):
        raise PairingError(f"pairing={pairing!r} is not known; use {listed(get_args(Pairing))}")
    if not backbones:
        raise PairingError("backbones is empty; name at least one")
    if len(set(backbones)) < len(backbones):
        raise PairingError(f"backbones={', '.join(backbones)} names one twice; name each once")


def _check_text(key: str, storage: Storage) -> None:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise PairingError(f"picture {key!r} in {storage.uri()!r} has a name that is not UTF-8; rename it") from error


def _found(storage: Storage, side: str) -> list[str]:
    keys = list(pictures(storage))
    if not keys:
        counted = listed(sorted(SUFFIXES))
        raise PairingError(
            f"{side} folder {storage.uri()!r} has no pictures; files in {counted} count, hidden ones do not"
        )
    return keys


def _no_match(contents: Sequence[str], styles: Sequence[str]) -> PairingError:
    sides = [", ".join(repr(_stem(key)) for key in keys[:3]) for keys in (contents, styles)]
    text = f"no content has the stem of a style: contents begin {sides[0]}, styles {sides[1]}"
    return PairingError(f"{text}; rename them alike or use pairing='every'")


def _stem(key: str) -> str:
    return PurePosixPath(key).stem
