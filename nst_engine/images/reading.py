"""Read pictures with their opacity, their ICC profile and their origin."""

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
from nst_engine.images.limits import MAX_PIXELS, READ, describe_source, heif_pixels, image_errors, jpeg_scans
from nst_engine.types import Picture, PictureSource

MAX_SCANS = 500
"""Scans of a JPEG file. A dozen are usual; for each the decoder visits every pixel, even if it has few bytes."""

_NOTES = dict.fromkeys(("AVIF", "GIF", "PNG", "WEBP"), "is an animation; its first frame was used")
_NOTES |= {"HEIF": "has several pictures; the one that it calls its primary was used"}
_NOTES |= {"TIFF": "has several pages; the first was used"}
"""Notes on files that hold more than one picture, by Pillow's name of the format."""

_REDUCED, _MASK = 1, 4
"""Bits in a TIFF page's `NewSubfileType`: the page is a smaller version, or the transparency, of another."""

_TURNS = {  # by EXIF orientation, how to turn the picture upright
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
        name: the path as it was given, or the address that the bytes came from; None if unknown.
        sha256: hash of the file's bytes.
    """

    name: str | None
    sha256: str


@dataclass(frozen=True, eq=False)
class Photograph:
    """A picture with its opacity, ICC profile and origin.

    Attributes:
        picture: [height, width, 3], float32, sRGB in [0, 1]; not premultiplied: transparent pixels have colours too.
        alpha: opacity, [height, width], float32 in [0, 1]; None if the source has no transparency.
        icc: the profile embedded in the source, unchanged; if it is usable, `picture` is converted from it.
        origin: the file that was read; None for an array or a Pillow image.
        notes: one line for each part of the file that was ignored: other frames of an animation, other pages.
    """

    picture: Picture
    alpha: npt.NDArray[np.float32] | None = None
    icc: bytes | None = None
    origin: Origin | None = None
    notes: tuple[str, ...] = ()

    def over_white(self) -> Picture:
        """The picture laid over white, by its opacity."""
        if self.alpha is None:
            return self.picture
        dark = 1 - self.picture
        dark *= self.alpha[..., np.newaxis]
        return np.subtract(1, dark, out=dark)


def read_photograph(source: PictureSource, name: str | None = None) -> Photograph:
    """The picture of the source, upright and in sRGB, with its opacity, its ICC profile and its origin.

    Sources, limits and errors are those of `images.decode`, which also lays the picture over white. An array has no
    opacity and no profile.

    Args:
        source: path, bytes, Pillow image or array.
        name: the address that bytes came from, for their origin and for errors; ignored for other sources.

    Raises:
        ImageError: the source cannot be read.
    """
    with image_errors(name if name is not None and isinstance(source, bytes) else source):
        if isinstance(source, np.ndarray):
            return Photograph(_to_picture(source.copy()))
        if isinstance(source, Image.Image):
            _check_size(source)
            source.load()
            return _to_photograph(_turn_upright(source))
        if isinstance(source, bytes):
            return _read_bytes(source, name)
        return _read_bytes(Path(source).read_bytes(), os.fspath(source))


def _read_bytes(data: bytes, name: str | None) -> Photograph:
    photograph = _to_photograph(*_load(data))
    return replace(photograph, origin=Origin(name, sha256(data).hexdigest()), notes=_notes(data, name))


def _load(data: bytes) -> tuple[Image.Image, Image.Image | None]:
    """The upright image and, if it has 16 bits, the lower half of them. The unturned image is freed on return."""
    file = BytesIO(data)
    image = Image.open(file, formats=READ)
    _check_size(image)
    _check_decoding(image, data)
    lower = sixteen_bit.load(image, file)
    return _turn_upright(image), None if lower is None else _turn_upright(lower)


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"it has {image.width} x {image.height} pixels, {MAX_PIXELS} are allowed; scale it down")


def _check_decoding(image: Image.Image, data: bytes) -> None:
    """Refuse a file that takes far more work to decode than its size suggests."""
    if image.format == "HEIF" and (pixels := heif_pixels(data)) > MAX_PIXELS:
        raise ValueError(f"it has {pixels} pixels before it is cropped, {MAX_PIXELS} are allowed; save it anew")
    if image.format in ("JPEG", "MPO") and (scans := jpeg_scans(data, MAX_SCANS)) > MAX_SCANS:
        raise ValueError(f"it has {scans} scans or more, {MAX_SCANS} are allowed; save it anew")


def _notes(data: bytes, name: str | None) -> tuple[str, ...]:
    """Notes on a picture that was read. None on JPEG files: their further pictures are previews or depth maps."""
    with suppress(Exception), Image.open(BytesIO(data), formats=tuple(_NOTES)) as image:  # they may be damaged
        if _has_more_pictures(image):
            return (f"{describe_source(data if name is None else name)} {_NOTES[str(image.format)]}",)
    return ()


def _has_more_pictures(image: ImageFile) -> bool:
    if not isinstance(image, TiffImageFile):
        return bool(getattr(image, "is_animated", False))
    image.seek(1)
    return not image.tag_v2.get(ExifTags.Base.NewSubfileType, 0) & (_REDUCED | _MASK)


def _to_photograph(image: Image.Image, lower: Image.Image | None = None) -> Photograph:
    deep = None if lower is None else sixteen_bit.join_halves(image, lower)
    alpha = _alpha(image, deep) if image.has_transparency_data else None
    return Photograph(_to_picture(_colours(image, deep)), alpha, image.info.get("icc_profile"))


def _turn_upright(image: Image.Image) -> Image.Image:
    with suppress(KeyError, SyntaxError, struct.error):  # nothing to turn, or EXIF data that Pillow cannot read
        return image.transpose(_TURNS[image.getexif()[ExifTags.Base.Orientation]])
    return image


def _colours(image: Image.Image, deep: npt.NDArray[np.uint16] | None) -> npt.NDArray[np.float32]:
    """The colours without the transparency, [height, width, 3], sRGB in [0, 1]."""
    converted = to_srgb(image)
    if converted is image and deep is not None:
        return _to_float(deep[..., :3], 65535)
    if converted.mode[0] in "IF":
        return np.stack([_to_float(converted, 1 if converted.mode == "F" else 65535)] * 3, axis=2)
    return _to_float(converted if converted.mode == "RGB" else converted.convert("RGB"), 255)


def _alpha(image: Image.Image, deep: npt.NDArray[np.uint16] | None) -> npt.NDArray[np.float32]:
    """Opacity, [height, width] in [0, 1]."""
    if image.mode[0] == "I":
        deep = np.asarray(image)[..., np.newaxis]
    if deep is None:
        return _to_float(image.convert("RGBA").getchannel("A"), 255)
    if deep.shape[2] == 4:
        return _to_float(deep[..., 3], 65535)
    opaque: npt.NDArray[np.bool_] = np.any(deep != image.info["transparency"], axis=2)
    return opaque.astype(np.float32)  # a 16-bit PNG names one colour as transparent; Pillow compares 8 of its bits


def _to_float(values: Image.Image | npt.NDArray[Any], full: int) -> npt.NDArray[np.float32]:
    scaled: npt.NDArray[np.float32] = np.divide(np.asarray(values), np.float32(full), dtype=np.float32)
    return scaled


def _to_picture(values: npt.NDArray[Any]) -> Picture:
    """The values as float32 in [0, 1], grey as three equal channels; copied only if they must change."""
    if not values.size or values.ndim < 2 or values.shape[2:] not in ((), (3,)):
        raise ValueError(f"its shape is {values.shape}; use [height, width, 3] or [height, width]")
    if values.dtype == np.uint8:
        values = _to_float(values, 255)
    if values.dtype.kind != "f":
        raise ValueError(f"its values are {values.dtype}; use uint8, or float in [0, 1]")
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"its values go from {values.min():g} to {values.max():g}; use finite values in [0, 1]")
    colours = values if values.ndim == 3 else np.broadcast_to(values[..., np.newaxis], (*values.shape, 3))
    return np.ascontiguousarray(colours, dtype=np.float32)
