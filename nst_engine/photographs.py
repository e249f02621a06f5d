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

from nst_engine import depth
from nst_engine.opening import READ, reading
from nst_engine.profiles import to_srgb
from nst_engine.types import Picture, PictureSource

MAX_PIXELS = 2**27
"""Pixels of the largest picture that is read; below the number at which Pillow itself refuses."""

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
    """

    picture: Picture
    alpha: npt.NDArray[np.float32] | None = None
    icc: bytes | None = None
    origin: Origin | None = None

    def over_white(self) -> Picture:
        """The picture laid over white by its opacity."""
        return self.picture if self.alpha is None else 1 - self.alpha[..., np.newaxis] * (1 - self.picture)


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
            return Photograph(_checked(source))
        if isinstance(source, Image.Image):
            _check_size(source)
            source.load()
            return _photograph(source)
        if isinstance(source, bytes):
            return _opened(source, name)
        return _opened(Path(source).read_bytes(), os.fspath(source))


def _opened(data: bytes, name: str | None) -> Photograph:
    file = BytesIO(data)
    image = Image.open(file, formats=READ)
    _check_size(image)
    photograph = _photograph(image, depth.load(image, file))
    return replace(photograph, origin=Origin(name, sha256(data).hexdigest()))


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"it has {image.width} x {image.height} pixels, {MAX_PIXELS} are allowed; scale it down")


def _photograph(image: Image.Image, lower: Image.Image | None = None) -> Photograph:
    upright = _upright(image)
    deep = None if lower is None else depth.joined(upright, _upright(lower))
    alpha = _alpha(upright, deep) if upright.has_transparency_data else None
    return Photograph(_checked(_colours(upright, deep)), alpha, image.info.get("icc_profile"))


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
    return _scaled(converted.convert("RGB"), 255)


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
    return np.asarray(values).astype(np.float32) / np.float32(full)


def _checked(values: npt.NDArray[Any]) -> Picture:
    """A copy as float32 in [0, 1], grey as three equal channels."""
    if not values.size or values.ndim < 2 or values.shape[2:] not in ((), (3,)):
        raise ValueError(f"its shape is {values.shape}; use [height, width, 3] or [height, width]")
    if values.dtype == np.uint8:
        values = _scaled(values, 255)
    if values.dtype.kind != "f":
        raise ValueError(f"its values are {values.dtype}; use uint8, or float in [0, 1]")
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"its values go from {values.min():g} to {values.max():g}; use finite values in [0, 1]")
    colours = values if values.ndim == 3 else np.broadcast_to(values[..., np.newaxis], (*values.shape, 3))
    return np.array(colours, dtype=np.float32, order="C")
