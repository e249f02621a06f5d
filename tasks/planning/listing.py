"""Lists the pictures in a storage that a batch works on."""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from operator import attrgetter
from posixpath import splitext
from typing import TypeAlias

from nst_engine.errors import listed
from nst_engine.images import SUFFIXES, UNREAD_SUFFIXES
from tasks.planning.names import nfc
from tasks.planning.request import PairingError, Request
from tasks.storage import Entry, Storage, StorageError

Matcher: TypeAlias = Callable[[str], bool]
"""True for a key that matches."""

SIDES = ("content", "style")

_HIDDEN_OR_TEMPORARY = r"\.|~\$|#[^/]*#(?:/|\Z)|[^/]*(?:~|\.part|\.tmp)(?:/|\Z)"
"""The beginning of a part of a key that marks a hidden or temporary file or folder: `.a`, `~$a`, `#a#`, `a~`, `a.part`,
`a.tmp`."""

_SYSTEM_FOLDERS = (
    *("@eaDir", "@Recently-Snapshot", "@Recycle", "@tmp", "#recycle", "#snapshot", "~snapshot", "$RECYCLE.BIN"),
    *("System Volume Information", "Network Trash Folder", "Temporary Items", "lost+found", "__MACOSX"),
)
"""Folders in which file servers, disks and archives keep thumbnails, versions, deleted files and parts of files."""

_NOT_MEANT = re.compile(
    rf"(?:^|/)(?:{_HIDDEN_OR_TEMPORARY}|(?:{'|'.join(map(re.escape, _SYSTEM_FOLDERS))})/)", re.IGNORECASE
)
"""The part of a key that nobody means as a picture, or as a folder of pictures."""


@dataclass(kw_only=True)
class Listing:
    """The pictures of one side.

    Attributes:
        uri: the address of their storage.
        pictures: those that the patterns let through, in the order of their keys.
        excluded: the keys of the others.
        results: how many results are left out.
        unread: how many pictures there are of each kind that is not read, by suffix.
        out_of_reach: a line about each picture or folder that cannot be read.
    """

    uri: str
    pictures: list[Entry] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    results: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    out_of_reach: list[str] = field(default_factory=list)

    def all_keys(self) -> Iterator[str]:
        """The keys of all pictures."""
        yield from (entry.key for entry in self.pictures)
        yield from self.excluded

    def take(self, entry: Entry, admitted: Matcher) -> None:
        """Take an entry in, if it is one of a picture; `admitted` is true for keys that the patterns let through."""
        if _is_picture(entry.key, UNREAD_SUFFIXES) and admitted(entry.key):
            self.unread[_suffix(entry.key)] += 1
        elif _is_picture(entry.key) and admitted(entry.key):
            self.pictures.append(entry)
        elif _is_picture(entry.key):
            self.excluded.append(entry.key)

    def notes(self) -> Iterator[str]:
        """A line about the results that are left out, and one about pictures of kinds that are not read."""
        if self.results:
            yield f"left out: {self.results} results in {self.uri!r} that were made of pictures there"
        if self.unread:
            kinds = listed((f"{count} {suffix}" for suffix, count in sorted(self.unread.items())), "and")
            yield f"left out: {kinds} in {self.uri!r}, kinds of pictures that are not read; save them as PNG or JPEG"


def list_pictures(storage: Storage, side: str, request: Request, results: Container[str] = ()) -> Listing:
    """The pictures in `storage`, which is listed once.

    A picture is known by its suffix, in upper or lower case. Hidden and temporary files and folders are left out, and
    so are folders that a system keeps for itself. A key must match one of the patterns in `include`, if there are any,
    and none of those in `exclude`. In a pattern `*` stands for any text, `/` included, `?` for one character and `[ab]`
    for `a` or `b`; a pattern that begins with `content:` or `style:` holds for that side alone. Accents may be in
    either form.

    Args:
        storage: the storage to list.
        side: `content` or `style`.
        request: the patterns.
        results: keys of pictures that are left out, since they are results of other pictures in this storage.

    Raises:
        PairingError: there are no pictures, or a name is not UTF-8, so that no row or sidecar could hold it.
        StorageError: the storage cannot be listed.
    """
    include, exclude = _matchers(side, request)
    found = Listing(uri=storage.uri())

    def admitted(key: str) -> bool:
        return include(key) and not exclude(key)

    def leave_out(key: str, error: StorageError) -> None:
        is_folder = key.endswith("/") and not _NOT_MEANT.search(key)
        if (_is_picture(key) and admitted(key)) or (is_folder and not exclude(key)):
            found.out_of_reach.append(str(error))

    for entry in storage.list(onerror=leave_out):
        if entry.key in results:
            found.results += 1
        else:
            found.take(entry, admitted)
    if not found.pictures:
        raise _no_pictures_error(found, side, request)
    for entry in found.pictures:
        _check_text(entry.key, storage)
    found.pictures.sort(key=attrgetter("key"))  # some servers list in an order of their own
    return found


def _suffix(key: str) -> str:
    return splitext(key)[1].lower()


def _is_picture(key: str, suffixes: Container[str] = SUFFIXES) -> bool:
    return _suffix(key) in suffixes and not _NOT_MEANT.search(key)


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


def _no_pictures_error(found: Listing, side: str, request: Request) -> PairingError:
    given = {"include": request.include, "exclude": request.exclude}
    patterns_text = "".join(f" {name} {listed(map(repr, patterns))}" for name, patterns in given.items() if patterns)
    let_through = f" let through by{patterns_text}" if patterns_text else ""
    suffixes = listed(sorted(SUFFIXES))
    return PairingError(
        f"{side} folder {found.uri!r} has no pictures{let_through}; "
        + "; ".join(
            [
                f"files in {suffixes} count, hidden and temporary ones do not",
                *found.out_of_reach[:1],
                *found.notes(),
            ]
        )
    )


def _check_text(key: str, storage: Storage) -> None:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise PairingError(f"picture {key!r} in {storage.uri()!r} has a name that is not UTF-8; rename it") from error
