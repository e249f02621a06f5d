"""Lists the pictures in a storage that a batch works on."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from posixpath import splitext
from typing import TypeAlias

from nst_engine.errors import listed
from nst_engine.images import SUFFIXES
from tasks.planning.names import nfc
from tasks.planning.request import PairingError, Request
from tasks.storage import Entry, Storage, StorageError

Matcher: TypeAlias = Callable[[str], bool]
"""True for a key that matches."""

SIDES = ("content", "style")

_HIDDEN_OR_TEMPORARY = re.compile(r"(?:^|/)(?:\.|~\$|#[^/]*#(?:/|\Z)|[^/]*(?:~|\.part|\.tmp)(?:/|\Z))", re.IGNORECASE)
"""The part of a key that marks a hidden or temporary file or folder: `.a`, `~$a`, `#a#`, `a~`, `a.part`, `a.tmp`."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The pictures of one side.

    Attributes:
        uri: the address of their storage.
        pictures: those that the patterns let through, in the order of their keys.
        excluded: the keys of the others.
        out_of_reach: a line about each picture or folder that cannot be read.
    """

    uri: str
    pictures: list[Entry]
    excluded: list[str]
    out_of_reach: list[str]

    def keys(self) -> Iterator[str]:
        """The keys of all pictures."""
        yield from (entry.key for entry in self.pictures)
        yield from self.excluded


def list_pictures(storage: Storage, side: str, request: Request) -> Listing:
    """The pictures in `storage`, which is listed once.

    A picture is known by its suffix, in upper or lower case. Hidden and temporary files and folders are left out. A key
    must match one of the patterns in `include`, if there are any, and none of those in `exclude`. In a pattern `*`
    stands for any text, `/` included, `?` for one character and `[ab]` for `a` or `b`; a pattern that begins with
    `content:` or `style:` holds for that side alone. Accents may be in either form.

    Args:
        storage: the storage to list.
        side: `content` or `style`.
        request: the patterns.

    Raises:
        PairingError: there are no pictures, or a name is not UTF-8, so that no row or sidecar could hold it.
        StorageError: the storage cannot be listed.
    """
    include, exclude = _matchers(side, request)
    found = Listing(uri=storage.uri(), pictures=[], excluded=[], out_of_reach=[])

    def admitted(key: str) -> bool:
        return include(key) and not exclude(key)

    def leave_out(key: str, error: StorageError) -> None:
        is_folder = key.endswith("/") and not _HIDDEN_OR_TEMPORARY.search(key)
        if (_is_picture(key) and admitted(key)) or (is_folder and not exclude(key)):
            found.out_of_reach.append(str(error))

    for entry in storage.list(onerror=leave_out):
        if not _is_picture(entry.key):
            continue
        if admitted(entry.key):
            found.pictures.append(entry)
        else:
            found.excluded.append(entry.key)
    if not found.pictures:
        raise _no_pictures_error(storage, side, request, found.out_of_reach)
    for entry in found.pictures:
        _check_text(entry.key, storage)
    return found


def _is_picture(key: str) -> bool:
    return splitext(key)[1].lower() in SUFFIXES and not _HIDDEN_OR_TEMPORARY.search(key)


def _matchers(side: str, request: Request) -> tuple[Matcher, Matcher]:
    """A matcher for the keys that `request` includes on this side, and one for those that it excludes."""
    included, excluded = (list(_patterns(side, given)) for given in (request.include, request.exclude))
    return _matcher(included or ["*"]), _matcher(excluded)


def _patterns(side: str, given: Iterable[str]) -> Iterator[str]:
    """The patterns that hold for this side, without `content:` or `style:`."""
    for pattern in given:
        head, colon, rest = pattern.partition(":")
        if not colon or head not in SIDES:
            yield pattern
        elif head == side:
            yield rest


def _matcher(patterns: Iterable[str]) -> Matcher:
    """True for a key that matches any of the patterns; without patterns, for no key."""
    match = re.compile("|".join(translate(nfc(pattern)) for pattern in patterns) or r"(?!)").match
    return lambda key: match(nfc(key)) is not None


def _no_pictures_error(storage: Storage, side: str, request: Request, left_out: Sequence[str]) -> PairingError:
    given = {"include": request.include, "exclude": request.exclude}
    patterns_text = "".join(f" {name} {listed(map(repr, patterns))}" for name, patterns in given.items() if patterns)
    let_through = f" let through by{patterns_text}" if patterns_text else ""
    suffixes = listed(sorted(SUFFIXES))
    return PairingError(
        f"{side} folder {storage.uri()!r} has no pictures{let_through}; "
        + "; ".join([f"files in {suffixes} count, hidden and temporary ones do not", *left_out[:1]])
    )


def _check_text(key: str, storage: Storage) -> None:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise PairingError(f"picture {key!r} in {storage.uri()!r} has a name that is not UTF-8; rename it") from error
