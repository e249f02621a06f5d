"""Which of the keys in a storage are pictures that a batch works on."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from posixpath import splitext
from typing import TypeAlias

from nst_engine.errors import listed
from nst_engine.images import SUFFIXES
from tasks.planning.names import nfc
from tasks.planning.request import PairingError, Request
from tasks.storage import Entry, Storage, StorageError

Matcher: TypeAlias = Callable[[str], bool]
"""Whether a key matches."""

SIDES = ("content", "style")

_PASSING = re.compile(r"(?:^|/)(?:\.|~\$|#[^/]*#(?:/|\Z)|[^/]*(?:~|\.part|\.tmp)(?:/|\Z))", re.IGNORECASE)
"""A part of a key that is hidden, or made for a while: `.a`, `~$a`, `#a#`, `a~`, `a.part`, `a.tmp`."""


def pictures(storage: Storage, side: str, request: Request, tell: Callable[[str], object]) -> list[Entry]:
    """The pictures in `storage`, in the order of their keys; it is listed once.

    A picture is known by its suffix, in any case. Hidden and temporary files and folders are left out, and what the
    patterns of `request` do not let through: a key is to match one of `include`, if there are any, and none
    of `exclude`. In a pattern `*` stands for any text, `/` too, `?` for one character and `[ab]` for one of them;
    `content:` or `style:` before it confines it to that side. Accents may be in either form.

    Args:
        storage: where to look.
        side: `content` or `style`.
        request: patterns.
        tell: called with a line on each that cannot be had, and on each folder that cannot be looked into.

    Raises:
        PairingError: there are none, or a name is not UTF-8, so that no row or sidecar could bear it.
        StorageError: the storage cannot be listed.
    """
    include, exclude = _matchers(side, request)
    left_out: list[str] = []

    def admitted(key: str) -> bool:
        return _is_picture(key) and include(key) and not exclude(key)

    def leave_out(key: str, error: StorageError) -> None:
        if admitted(key) or (key.endswith("/") and not _PASSING.search(key) and not exclude(key)):
            left_out.append(str(error))

    found = [entry for entry in storage.list(onerror=leave_out) if admitted(entry.key)]
    if not found:
        raise _none_there(storage, side, request, left_out)
    for line in left_out:
        tell(line)
    for entry in found:
        _check_text(entry.key, storage)
    return found


def _is_picture(key: str) -> bool:
    return splitext(key)[1].lower() in SUFFIXES and not _PASSING.search(key)


def _matchers(side: str, request: Request) -> tuple[Matcher, Matcher]:
    """Whether a key of that side matches one of `include`, if there are any, and whether one of `exclude`."""
    wanted, unwanted = (list(_patterns(side, given)) for given in (request.include, request.exclude))
    return _any_of(wanted or ["*"]), _any_of(unwanted)


def _patterns(side: str, given: Iterable[str]) -> Iterator[str]:
    """Those of the patterns that are meant for this side."""
    for pattern in given:
        head, colon, rest = pattern.partition(":")
        if not colon or head not in SIDES:
            yield pattern
        elif head == side:
            yield rest


def _any_of(patterns: Iterable[str]) -> Matcher:
    """Whether a key matches any of the patterns; without patterns it matches none."""
    match = re.compile("|".join(translate(nfc(pattern)) for pattern in patterns) or r"(?!)").match
    return lambda key: match(nfc(key)) is not None


def _none_there(storage: Storage, side: str, request: Request, left_out: Sequence[str]) -> PairingError:
    given = {"include": request.include, "exclude": request.exclude}
    told = "".join(f" {name} {listed(map(repr, patterns))}" for name, patterns in given.items() if patterns)
    let_through = f" let through by{told}" if told else ""
    counted = listed(sorted(SUFFIXES))
    return PairingError(
        f"{side} folder {storage.uri()!r} has no pictures{let_through}; "
        + "; ".join([f"files in {counted} count, hidden and temporary ones do not", *left_out[:1]])
    )


def _check_text(key: str, storage: Storage) -> None:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise PairingError(f"picture {key!r} in {storage.uri()!r} has a name that is not UTF-8; rename it") from error
