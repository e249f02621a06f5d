"""Thumbnails of pictures. Each tells which picture it is of, so that the next report takes it from the last one."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from threading import Lock
from typing import TypeAlias

from nst_engine.errors import NightbrushError
from nst_engine.images import decode, read_provenance, thumbnail
from tasks.storage import Storage

Known: TypeAlias = Mapping[tuple[str | None, int], bytes]
"""Thumbnails, a JPEG file's bytes each, by the SHA-256 of the picture and the longest side in pixels."""

_EMBEDDED = re.compile(rb"data:image/jpeg;base64,([A-Za-z0-9+/]+=*)")

_decode_lock = Lock()
"""Held while a picture is decoded, so that one picture at a time is in memory with all its pixels."""


def read_thumbnail(read: Callable[[], bytes], side: int) -> bytes | None:
    """A thumbnail of a picture as a JPEG file's bytes, or None if the picture cannot be read.

    Args:
        read: returns the bytes of the picture.
        side: long side of the thumbnail in pixels, at most.
    """
    try:
        data = read()
        with _decode_lock:
            return thumbnail(decode(data), side, {"of": sha256(data).hexdigest(), "side": side})
    except NightbrushError:
        return None


def known_thumbnails(output: Storage, page: str) -> Known:
    """The thumbnails in a page of the output, those that are whole; none if the page is absent or cannot be read.

    Args:
        output: the output of a batch.
        page: the key of the page.
    """
    try:
        data = output.read(page) if output.head(page) else b""
    except NightbrushError:
        return {}
    return {key: jpeg for jpeg in _embedded(data) if (key := _source(jpeg))}


def _embedded(page: bytes) -> Iterator[bytes]:
    for match in _EMBEDDED.finditer(page):
        with suppress(ValueError):  # the page is cut short
            yield base64.b64decode(match[1])


def _source(jpeg: bytes) -> tuple[str, int] | None:
    """The hash of the picture that a thumbnail is of, and the side; None if the thumbnail does not tell."""
    with suppress(NightbrushError):
        match read_provenance(jpeg):
            case {"of": str(digest), "side": int(side)}:
                return digest, side
    return None
