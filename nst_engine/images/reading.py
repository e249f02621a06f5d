"""Pictures read with what they carry besides colours: opacity, the profile that they came in, and where from."""

import os
import struct
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from nst_engine.images import sixteen_bit
from nst_engine.images.icc import to_srgb
from nst_engine.images.limits import MAX_PIXELS, READ, heif_pixels, jpeg_scans, named, reading
from nst_engine.types import Picture, PictureSource

MOST_SCANS = 500
"""Of a JPEG file. A dozen are usual; each leads the decoder over all the pixels, though it be of a few bytes."""

_MORE = dict.fromkeys(("AVIF", "GIF", "PNG", "WEBP"), "is an animation; its first frame was used")
_MORE |= {"HEIF": "has several pictures; the one that it calls its primary was used"}
_MORE |= {"TIFF": "has several pages; the first was used"}
"""What is said of a file that holds more than one picture, by Pillow's name of its kind."""

_REDUCED, _MASK = 1, 4
"""Bits in a TIFF page's `NewSubfileType`: it is a smaller version of another page, or its transparency."""

_TURNS = {  # EXIF orientation: what puts the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Origin:
    """Where a picture came from.

    Attributes:
        name: the path, as it was given, or the address of what held the bytes; None if nobody told.
        sha256: hash of the file's bytes.
    """

    name: str | None
    sha256: str


@dataclass(frozen=True, eq=False)
class Photograph:
    """A picture and what it carries.

    Attributes:
        picture: [height, width, 3], float32, sRGB in [0, 1]; not premultiplied, so that clear pixels have colours too.
        alpha: opacity, [height, width], float32 in [0, 1]; None if the source knows no transparency.
        icc: the profile embedded in the source, as it stands there; `picture` is converted from it if it is usable.
        origin: the file that was read; None for what was no file: an array or a Pillow image.
        notes: what of the file was left aside, one line each: the other frames of an animation, the other pages.
    """

    picture: Picture
    alpha: npt.NDArray[np.float32] | None = None
    icc: bytes | None = None
    origin: Origin | None = None
    notes: tuple[str, ...] = ()

    def over_white(self) -> Picture:
        """The picture laid over white by its opacity."""
        if self.alpha is None:
            return self.picture
        dark = 1 - self.picture
        dark *= self.alpha[..., np.newaxis]
        return np.subtract(1, dark, out=dark)


def read_photograph(source: PictureSource, name: str | None = None) -> Photograph:
    """The picture of the source, upright and in sRGB, with its opacity, its ICC profile and its origin.

    Sources, limits and errors are those of `images.decode`, which lays what this returns over white. An array or a
    file without them gives no opacity and no profile.

    Args:
        source: what to read.
        name: where bytes came from, for their origin and for errors; a path is its own name.

    Raises:
        ImageError: the source cannot be read.
    """
    with reading(name if name is not None and isinstance(source, bytes) else source):
        if isinstance(source, np.ndarray):
            return Photograph(_checked(source.copy()))
        if isinstance(source, Image.Image):
            _check_size(source)
            source.load()
            return _photograph(_upright(source))
        if isinstance(source, bytes):
            return _opened(source, name)
        return _opened(Path(source).read_bytes(), os.fspath(source))


def _opened(data: bytes, name: str | None) -> Photograph:
    photograph = _photograph(*_loaded(data))
    return replace(photograph, origin=Origin(name, sha256(data).hexdigest()), notes=_notes(data, name))


def _loaded(data: bytes) -> tuple[Image.Image, Image.Image | None]:
    """The image, upright, and the lower half of its bits, if it has 16. As it lies in the file it is kept no longer."""
    file = BytesIO(data)
    image = Image.open(file, formats=READ)
    _check_size(image)
    _check_decoding(image, data)
    lower = sixteen_bit.load(image, file)
    return _upright(image), None if lower is None else _upright(lower)


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"it has {image.width} x {image.height} pixels, {MAX_PIXELS} are allowed; scale it down")


def _check_decoding(image: Image.Image, data: bytes) -> None:
    """Refuse what takes far more to decode than its size says."""
    if image.format == "HEIF" and (pixels := heif_pixels(data)) > MAX_PIXELS:
        raise ValueError(f"it has {pixels} pixels before it is cropped, {MAX_PIXELS} are allowed; save it anew")
    if image.format in ("JPEG", "MPO") and (scans := jpeg_scans(data, MOST_SCANS)) > MOST_SCANS:
        raise ValueError(f"it has {scans} scans or more, {MOST_SCANS} are allowed; save it anew")


def _notes(data: bytes, name: str | None) -> tuple[str, ...]:
    """What is to be said of a picture that was read. What else a JPEG file holds are previews, depths and the like."""
    with suppress(Exception), Image.open(BytesIO(data), formats=tuple(_MORE)) as image:  # what follows may be damaged
        if _goes_on(image):
            return (f"{named(data if name is None else name)} {_MORE[str(image.format)]}",)
    return ()


def _goes_on(image: ImageFile) -> bool:
    if not isinstance(image, TiffImageFile):
        return bool(getattr(image, "is_animated", False))
    image.seek(1)
    return not image.tag_v2.get(ExifTags.Base.NewSubfileType, 0) & (_REDUCED | _MASK)


def _photograph(image: Image.Image, lower: Image.Image | None = None) -> Photograph:
    deep = None if lower is None else sixteen_bit.joined(image, lower)
    alpha = _alpha(image, deep) if image.has_transparency_data else None
    return Photograph(_checked(_colours(image, deep)), alpha, image.info.get("icc_profile"))


def _upright(image: Image.Image) -> Image.Image:
    with suppress(KeyError, SyntaxError, struct.error):  # nothing to turn, or EXIF data that Pillow cannot read
        return image.transpose(_TURNS[image.getexif()[ExifTags.Base.Orientation]])
    return image


def _colours(image: Image.Image, deep: npt.NDArray[np.uint16] | None) -> npt.NDArray[np.float32]:
    """The image without its transparency, [height, width, 3], sRGB."""
    converted = to_srgb(image)
    if converted is image and deep is not None:
        return _scaled(deep[..., :3], 65535)
    if converted.mode[0] in "IF":
        return np.stack([_scaled(converted, 1 if converted.mode == "F" else 65535)] * 3, axis=2)
    return _scaled(converted if converted.mode == "RGB" else converted.convert("RGB"), 255)


def _alpha(image: Image.Image, deep: npt.NDArray[np.uint16] | None) -> npt.NDArray[np.float32]:
    """Opacity, [height, width] in [0, 1]."""
    if image.mode[0] == "I":
        deep = np.asarray(image)[..., np.newaxis]
    if deep is None:
        return _scaled(image.convert("RGBA").getchannel("A"), 255)
    if deep.shape[2] == 4:
        return _scaled(deep[..., 3], 65535)
    opaque: npt.NDArray[np.bool_] = np.any(deep != image.info["transparency"], axis=2)
    return opaque.astype(np.float32)  # a 16-bit PNG names one colour as transparent; Pillow compares 8 of its bits


def _scaled(values: Image.Image | npt.NDArray[Any], full: int) -> npt.NDArray[np.float32]:
    scaled: npt.NDArray[np.float32] = np.divide(np.asarray(values), np.float32(full), dtype=np.float32)
    return scaled


def _checked(values: npt.NDArray[Any]) -> Picture:
    """The values as float32 in [0, 1], grey as three equal channels; they are copied only if they are not so yet."""
    if not values.size or values.ndim < 2 or values.shape[2:] not in ((), (3,)):
        raise ValueError(f"its shape is {values.shape}; use [height, width, 3] or [height, width]")
    if values.dtype == np.uint8:
        values = _scaled(values, 255)
    if values.dtype.kind != "f":
        raise ValueError(f"its values are {values.dtype}; use uint8, or float in [0, 1]")
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"its values go from {values.min():g} to {values.max():g}; use finite values in [0, 1]")
    colours = values if values.ndim == 3 else np.broadcast_to(values[..., np.newaxis], (*values.shape, 3))
    return np.ascontiguousarray(colours, dtype=np.float32)
