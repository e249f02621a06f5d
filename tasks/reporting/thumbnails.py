"""Thumbnails of pictures. Each tells which picture it is of, so that the next report takes it from the last one."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
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
    """The thumbnails in a page of the output; none if the page is absent or cannot be read.

    Args:
        output: the output of a batch.
        page: the key of the page.
    """
    try:
        data = output.read(page) if output.head(page) else b""
        return {key: jpeg for jpeg in _embedded(data) if (key := _source(jpeg))}
    except NightbrushError:
        return {}


def _embedded(page: bytes) -> Iterator[bytes]:
    return (base64.b64decode(match[1]) for match in _EMBEDDED.finditer(page))


def _source(jpeg: bytes) -> tuple[str, int] | None:
    """The hash of the picture that a thumbnail is of, and the side; None if the thumbnail does not tell."""
    match read_provenance(jpeg):
        case {"of": str(digest), "side": int(side)}:
            return digest, side
        case _:
            return None
