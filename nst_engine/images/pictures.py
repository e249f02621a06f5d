"""Decode, resize and shrink pictures, and check their shapes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from nst_engine.errors import ImageError
from nst_engine.images.reading import read_photograph
from nst_engine.images.writing import encode
from nst_engine.types import Picture, PictureSource

_HEIF = frozenset({".heic", ".heif", ".hif"})
_JPEG = frozenset({".jfif", ".jpe", ".jpeg", ".jpg"})
SUFFIXES = _HEIF | _JPEG | {".avif", ".bmp", ".gif", ".jp2", ".png", ".tif", ".tiff", ".webp"}
"""Lower-case suffixes of the files that count as pictures."""

_RAW = {
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".kdc", ".mef", ".mos"),
    *(".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
}
UNREAD_SUFFIXES = frozenset(_RAW) | {
    *(".ai", ".avifs", ".dds", ".eps", ".exr", ".hdr", ".heics", ".heifs", ".ico", ".j2k", ".jpf", ".jpx", ".jxl"),
    *(".jxr", ".kra", ".pbm", ".pcx", ".pgm", ".ppm", ".psb", ".psd", ".qoi", ".svg", ".tga", ".xcf"),
}
"""Lower-case suffixes of pictures of kinds that are not read."""

_ASPECT_TOLERANCE = 0.02


def decode(source: PictureSource) -> Picture:
    """The picture as [height, width, 3], float32, sRGB in [0, 1].

    `source` is a path, a file's bytes, a Pillow image (at its current frame), or an array [height, width, 3] or
    [height, width], uint8 or float in [0, 1], which is copied. A file is known by its contents, not by its suffix.

    The EXIF orientation is applied, an ICC profile is converted to sRGB, transparency is laid over white, and an
    animation gives its first frame. Of a TIFF file, a page that is a smaller version or a mask of another is passed
    over; white may be 0, and values have 8 to 64 bits or are float in [0, 1].

    16-bit grey and colour keep their depth, unless a profile converts them. These are read at 8 bits: CMYK, grey PNG
    with transparency, TIFF that is premultiplied or plane by plane and compressed, and the 16-bit colour of a Pillow
    image.

    Raises:
        ImageError: the source is absent, damaged, cut short, empty, not a picture, has more than `MAX_PIXELS`
            pixels, is a JPEG file with hundreds of scans, its values are not finite or not in [0, 1], or it is TIFF
            of a kind that is not read, such as compressed float or grey with transparency in 16 bits.
    """
    return read_photograph(source).over_white()


def size_within(width: int, height: int, side: int | None) -> tuple[int, int]:
    """Scale width and height so that the longer is `side`, with the aspect as near as whole pixels allow.

    None keeps the size; the shorter side is at least 1.

    Raises:
        ImageError: a length is below 1.
    """
    longest = max(width, height)
    side = longest if side is None else side
    _check_lengths(width, height, side)
    scaled_width, scaled_height = ((2 * length * side + longest) // (2 * longest) for length in (width, height))
    return max(1, scaled_width), max(1, scaled_height)


def resize(picture: Picture, width: int, height: int) -> Picture:
    """The picture at [height, width, 3], antialiased (Lanczos), clipped to [0, 1].

    Raises:
        ImageError: a length is below 1.
    """
    _check_lengths(width, height)
    planes = (Image.fromarray(plane.astype(np.float32)) for plane in np.moveaxis(picture, 2, 0))
    resized = [np.asarray(plane.resize((width, height), Image.Resampling.LANCZOS)) for plane in planes]
    return np.stack(resized, axis=2).clip(0, 1)


def require_aspect(what: str, picture: Picture, width: int, height: int) -> None:
    """Refuse a picture whose aspect differs from `width` / `height` by more than 2 %.

    Raises:
        ImageError: the text has `what` the picture is, its size, and the aspect.
    """
    own_height, own_width, _ = picture.shape
    if abs(own_width / own_height * height / width - 1) > _ASPECT_TOLERANCE:
        raise ImageError(f"{what} is {own_width}x{own_height} pixels; use a picture of the aspect {width}:{height}")


def thumbnail(picture: Picture, side: int, provenance: Mapping[str, Any] | None = None) -> bytes:
    """A small JPEG of the picture for a report: long side at most `side` pixels, never enlarged.

    Args:
        picture: [height, width, 3], float32, sRGB.
        side: in pixels.
        provenance: values to embed for `read_provenance`.

    Raises:
        ImageError: `side` is below 1, or the picture has values that are not finite.
    """
    height, width, _ = picture.shape
    small = resize(picture, *size_within(width, height, min(side, max(width, height))))
    return encode(small, "jpg", quality=80, provenance=provenance)


def _check_lengths(*lengths: int) -> None:
    if min(lengths) < 1:
        raise ImageError(f"{' x '.join(map(str, lengths))} is no size; use whole numbers of at least 1")
