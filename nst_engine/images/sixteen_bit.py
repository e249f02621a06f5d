"""Read 16-bit colour with Pillow, which keeps 8 bits: the upper ones, or with the byte order swapped the lower."""

import sys
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

_NATIVE = "L" if sys.byteorder == "little" else "B"


def load(image: ImageFile, file: BinaryIO) -> Image.Image | None:
    """Load an image just opened from `file`; return the lower 8 bits of a 16-bit RGB(A) PNG or TIFF, else None.

    Any other image, and premultiplied TIFF, is loaded as Pillow does. For TIFF compressed plane by plane, libtiff gives
    the upper 8 bits twice; together they mean the same colour as the upper 8 alone.
    """
    order = _byte_order(image)
    if order is None:
        image.load()
        return None
    _load_as(image, order)
    file.seek(0)
    lower = Image.open(file, formats=[str(image.format)])
    _load_as(lower, "L" if order == "B" else "B")
    return lower


def join_halves(upper: Image.Image, lower: Image.Image) -> npt.NDArray[np.uint16]:
    """16-bit colour from its upper and lower 8 bits, [height, width, 3 or 4]."""
    values = np.asarray(upper).astype(np.uint16)
    values <<= 8
    values |= np.asarray(lower)
    return values


def _byte_order(image: ImageFile) -> str | None:
    """Byte order of 16-bit colour in Pillow's unpacker, `B`(ig) or `L`(ittle); None for any other image."""
    if image.format not in ("PNG", "TIFF") or not image.tile:
        return None
    samples, _, order = _raw_mode(image.tile[0].args)[0].partition(";16")
    if order and samples in ("RGB", "RGBA", "RGBX"):
        return _NATIVE if order == "N" else order
    if samples == "R" and isinstance(image, TiffImageFile) and image.tag_v2[ExifTags.Base.BitsPerSample][0] == 16:
        return "B" if image.tag_v2.prefix == b"MM" else "L"  # plane by plane; Pillow takes these for 8 bits
    return None


def _load_as(image: ImageFile, order: str) -> None:
    tiles = []
    for tile in image.tile:
        raw_mode, *rest = _raw_mode(tile.args)
        tiles.append(tile._replace(args=(f"{raw_mode.partition(';')[0]};16{order}", *rest)))
    image.tile = tiles
    image.load()


def _raw_mode(args: tuple[Any, ...] | str | None) -> tuple[Any, ...]:
    """A decoder's arguments as a tuple; the first is the layout of the pixels in the file."""
    return args if isinstance(args, tuple) else (args,)
