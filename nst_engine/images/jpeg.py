"""The segments of JPEG files: how many scans a file has, and whether only its end is missing."""

import re
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_END_MARKER = b"\xff\xd9"

_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
"""The start of a segment; markers without a segment, which stand among the pixels, do not match."""

_RESTARTS = tuple(bytes([0xFF, marker]) for marker in range(0xD0, 0xD8))
_MADE_UP = (b"", *(bits.join((b"", *_RESTARTS, b"")) for bits in (b"\x55" * 64, b"\xaa" * 64)))
"""Data in the place of those that may be missing: a decoder that needs any of them shows different pictures."""


def count_scans(data: bytes, enough: int) -> int:
    """The number of scans in a JPEG file, passes over its pixels; counting stops just above `enough`."""
    scans = 0
    for marker, _ in _segments(data):
        scans += marker == _SCAN
        if scans > enough:
            break
    return scans


def completed(data: bytes) -> bytes | None:
    """A JPEG file that is cut off behind its last pixel, with the end that is missing; None if pixels are missing."""
    if not _has_all_scans(data):
        return None
    files = [data.rstrip(b"\xff") + bits + _END_MARKER for bits in _MADE_UP]
    first, *others = (np.asarray(Image.open(BytesIO(file), formats=("JPEG",))) for file in files)
    return files[0] if all(np.array_equal(first, other) for other in others) else None


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and the data of each segment, up to the end of the picture."""
    at = 2
    while (found := _MARKER.search(data, at)) and found[1][0] != _END:
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
        yield found[1][0], data[found.end() + 2 : at]


def _has_all_scans(data: bytes) -> bool:
    """True if the scans bring every coefficient of every component to its last bit."""
    components, known = 0, set[tuple[int, int]]()
    for marker, body in _segments(data):
        if marker in _FRAMES:
            components = body[5]
        if marker == _SCAN:
            first, last, bits = body[-3:]
            finest = bits & 15 == 0
            known |= {(name, k) for name in body[1:-3:2] for k in range(first, last + 1) if finest}
    return len(known) == 64 * components > 0
