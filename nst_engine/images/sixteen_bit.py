"""16-bit colour through Pillow, which keeps 8 bits: the upper ones, or in the other byte order the lower ones."""

import sys
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

_NATIVE = "L" if sys.byteorder == "little" else "B"


def load(image: ImageFile, file: BinaryIO) -> Image.Image | None:
    """Load an image just opened from `file`; if it is 16-bit RGB(A), PNG or TIFF, return its lower 8 bits, else None.

    Any other image, premultiplied TIFF among them, is loaded as Pillow does. Of TIFF that is compressed plane by plane,
    libtiff gives the upper 8 bits twice, which stand for the same colour as alone.
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


def joined(upper: Image.Image, lower: Image.Image) -> npt.NDArray[np.uint16]:
    """Both halves of 16-bit colour as [height, width, 3 or 4]."""
    values = np.asarray(upper).astype(np.uint16)
    values <<= 8
    values |= np.asarray(lower)
    return values


def _byte_order(image: ImageFile) -> str | None:
    """Byte order in which 16-bit colour reaches Pillow's unpacker, `B`(ig) or `L`(ittle); None for anything else."""
    if image.format not in ("PNG", "TIFF") or not image.tile:
        return None
    samples, _, order = _raw_mode(image.tile[0].args)[0].partition(";16")
    if order and samples in ("RGB", "RGBA", "RGBX"):
        return _NATIVE if order == "N" else order
    if samples == "R" and isinstance(image, TiffImageFile) and image.tag_v2[ExifTags.Base.BitsPerSample][0] == 16:
        return "B" if image.tag_v2.prefix == b"MM" else "L"  # plane by plane, which Pillow takes for 8 bits
    return None


def _load_as(image: ImageFile, order: str) -> None:
    tiles = []
    for tile in image.tile:
        raw_mode, *rest = _raw_mode(tile.args)
        tiles.append(tile._replace(args=(f"{raw_mode.partition(';')[0]};16{order}", *rest)))
    image.tile = tiles
    image.load()


def _raw_mode(args: tuple[Any, ...] | str | None) -> tuple[Any, ...]:
    """A decoder's arguments, of which the first says how the pixels lie in the file."""
    return args if isinstance(args, tuple) else (args,)
