"""PNG files without the chunks that Pillow refuses to read, though the picture does not need them."""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from nst_engine.images.icc import MAX_PROFILE

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_READ = 2**20
"""Bytes of text that are kept. Pillow refuses a file where one text has more, or all have 64 times as many."""

_TEXTS = {
    b"tEXt": re.compile(rb"(?!)"),
    b"iCCP": re.compile(rb"[^\0]*\0.", re.DOTALL),
    b"zTXt": re.compile(rb"[^\0]*\0.", re.DOTALL),
    b"iTXt": re.compile(rb"[^\0]*\0\x01.[^\0]*\0[^\0]*\0", re.DOTALL),
}
"""By the type of a chunk of text, the head of its data if what follows is compressed; a profile counts as text."""


_NEEDED = (b"tRNS", b"iCCP", b"eXIf")
"""Chunks that a picture can do without, but not look the same: its transparency, profile and orientation."""

_ANCILLARY = 0x20
"""Bit of the first letter of a chunk's type, set if a decoder may pass over it."""


class Slim(NamedTuple):
    """A file that Pillow reads, and what was left out of it.

    Attributes:
        data: the file.
        icc: its ICC profile if that was left out, unless it has more than `MAX_PROFILE` bytes.
        notes: as in `Photograph`.
    """

    data: bytes
    icc: bytes | None = None
    notes: tuple[str, ...] = ()


class _Chunk(NamedTuple):
    kind: bytes
    body: bytes
    start: int
    end: int


def slim(data: bytes) -> Slim:
    """The file without its large texts and its large ICC profile; any other file, and a damaged one, as it is."""
    large = [*_large(data)]
    if not large:
        return Slim(data)
    starts, ends = [chunk.start for chunk in large], [chunk.end for chunk in large]
    rest = b"".join(data[start:end] for start, end in zip([0, *ends], [*starts, len(data)], strict=True))
    profiles = [_unpacked(chunk, MAX_PROFILE) for chunk in large if chunk.kind == b"iCCP"]
    if profiles and len(profiles[0]) > MAX_PROFILE:
        return Slim(rest, notes=(f"has a colour profile of more than {MAX_PROFILE} bytes, which was passed over",))
    return Slim(rest, profiles[0] if profiles else None)


def bare(data: bytes) -> bytes | None:
    """The file without all chunks that a picture can do without, and those in `_NEEDED` that are damaged.

    None if that leaves nothing out, or for any other file.
    """
    kept = [data[chunk.start : chunk.end] for chunk in _chunks(data) if _is_needed(chunk, data)]
    found = _SIGNATURE + b"".join(kept)
    return found if kept and len(found) < len(data) else None


def _is_needed(chunk: _Chunk, data: bytes) -> bool:
    if not chunk.kind[0] & _ANCILLARY:
        return True
    found = int.from_bytes(data[chunk.end - 4 : chunk.end], "big")
    return chunk.kind in _NEEDED and zlib.crc32(chunk.kind + chunk.body) == found


def _large(data: bytes) -> Iterator[_Chunk]:
    """The texts that do not fit into `_READ` bytes together with those before."""
    kept = 0
    for chunk in _chunks(data):
        if chunk.kind not in _TEXTS:
            continue
        size = len(_unpacked(chunk, _READ))
        if kept + size > _READ:
            yield chunk
        else:
            kept += size


def _chunks(data: bytes) -> Iterator[_Chunk]:
    at = len(_SIGNATURE) if data.startswith(_SIGNATURE) else len(data)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield _Chunk(data[at + 4 : at + 8], data[at + 8 : end - 4], at, end)
        at = end


def _unpacked(chunk: _Chunk, most: int) -> bytes:
    """What the chunk holds, or just more than `most` bytes of it; empty if it is damaged."""
    head = _TEXTS[chunk.kind].match(chunk.body)
    try:
        return zlib.decompressobj().decompress(chunk.body[head.end() :], most + 1) if head else chunk.body
    except zlib.error:
        return b""
