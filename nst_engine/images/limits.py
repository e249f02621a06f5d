"""Bounds on the picture files that are read; every failure to read one becomes an `ImageError`."""

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
"""Pillow's names of the file formats that are read."""

register_heif_opener()

MAX_PIXELS = 2**27
"""Pixels of the largest picture that is read; Pillow's own limit is higher."""

_WARNING_FILTERS = Lock()

_EXTENT = re.compile(rb"ispe\0{4}(.{4})(.{4})", re.DOTALL)
"""The width and height of a picture in a HEIF file, before cropping and rotation."""


@contextmanager
def image_errors(source: object) -> Iterator[None]:
    """Turn every exception inside into an `ImageError` that names the source, and silence Pillow's warnings.

    Warning filters belong to the whole process, so a lock admits one thread at a time; nesting would deadlock.
    """
    try:
        with _WARNING_FILTERS, warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield
    except Exception as error:  # a hostile file can make Pillow raise anything
        raise ImageError(f"{describe_source(source)} cannot be read: {error_text(error)}") from error


def open_source(source: str | os.PathLike[str] | bytes) -> BinaryIO:
    """Open the file at a path, or the bytes as if they were a file."""
    return BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def error_text(error: Exception) -> str:
    """The error's text on one line, without the file's name, which the caller adds."""
    if isinstance(error, UnidentifiedImageError):
        return f"it is cut short, or none of {listed(READ)}"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than the {MAX_PIXELS} pixels that are allowed; scale it down"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__


def describe_source(source: object) -> str:
    """A phrase for an error text, such as `picture 'a.jpg'`."""
    if isinstance(source, bytes):
        return f"picture of {len(source)} bytes"
    return f"picture {os.fspath(source)!r}" if isinstance(source, str | os.PathLike) else type(source).__name__


def check_size(width: int, height: int) -> None:
    """Refuse a picture of more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels, {MAX_PIXELS} are allowed; scale it down")


def check_heif(data: bytes) -> None:
    """Refuse a HEIF file whose largest picture has more than `MAX_PIXELS` before cropping."""
    if (pixels := heif_pixels(data)) > MAX_PIXELS:
        raise ValueError(f"it has {pixels} pixels before it is cropped, {MAX_PIXELS} are allowed; save it anew")


def heif_pixels(data: bytes) -> int:
    """Pixels of the largest picture in a HEIF file, before cropping."""
    sizes = (map(int.from_bytes, found.groups()) for found in _EXTENT.finditer(data))
    return max((width * height for width, height in sizes), default=0)
