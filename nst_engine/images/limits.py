"""Where reading a picture file begins, and how each of its failures becomes an `ImageError`."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from pi_heif import register_heif_opener
from PIL import Image, UnidentifiedImageError

from nst_engine.errors import ImageError, listed

READ = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "JPEG2000")
"""The kinds of files that are read, by Pillow's names."""

register_heif_opener()

MAX_PIXELS = 2**27
"""Pixels of the largest picture that is read; below the number at which Pillow itself refuses."""

_WARNING_FILTERS = Lock()

_SCAN, _END = b"\xda", b"\xd9"
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
"""Where a segment of a JPEG file begins; the other markers stand alone, amid the pixels."""

_EXTENT = re.compile(rb"ispe\0{4}(.{4})(.{4})", re.DOTALL)
"""The width and height of a picture in a HEIF file, before it is cropped or turned."""


@contextmanager
def reading(source: object) -> Iterator[None]:
    """Pillow's warnings off, and whatever is raised an `ImageError` that names the source.

    A picture is read or refused. Locked, for the warning filters are the whole process's; not to be nested.
    """
    try:
        with _WARNING_FILTERS, warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield
    except Exception as error:  # Pillow's readers raise whatever a hostile file makes of them
        raise ImageError(f"{named(source)} cannot be read: {reason(error)}") from error


def stream(source: str | os.PathLike[str] | bytes) -> BinaryIO:
    """The bytes themselves, or the file of that path, as an open file."""
    return BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def reason(error: Exception) -> str:
    """The error's text on one line, without what the caller says anyway."""
    if isinstance(error, UnidentifiedImageError):
        return f"it is cut short, or none of {listed(READ)}"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than the {MAX_PIXELS} pixels that are allowed; scale it down"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__


def named(source: object) -> str:
    """What a source is called in a sentence."""
    if isinstance(source, bytes):
        return f"picture of {len(source)} bytes"
    return f"picture {os.fspath(source)!r}" if isinstance(source, str | os.PathLike) else type(source).__name__


def jpeg_scans(data: bytes, enough: int) -> int:
    """Times that a JPEG file goes over its pixels; beyond `enough` they are not counted on."""
    scans, at = 0, 2
    while scans <= enough and (found := _MARKER.search(data, at)) and found[1] != _END:
        scans += found[1] == _SCAN
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return scans


def heif_pixels(data: bytes) -> int:
    """Pixels that the largest picture in a HEIF file has until it is cropped."""
    sizes = (map(int.from_bytes, found.groups()) for found in _EXTENT.finditer(data))
    return max((width * height for width, height in sizes), default=0)
