"""Read pictures with their opacity, their ICC profile and their origin."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.ImageFile import ImageFile

from nst_engine.images import jpeg, png, sixteen_bit, tiff
from nst_engine.images.limits import READ, check_heif, check_size, describe_source, image_errors
from nst_engine.images.raster import Raster, raster_of, require_shares, to_floats
from nst_engine.types import Picture, PictureSource

MAX_SCANS = 500
"""Scans of a JPEG file. A dozen are usual; for each the decoder visits every pixel, even if it has few bytes."""

_NOTES = dict.fromkeys(("AVIF", "GIF", "PNG", "WEBP"), "is an animation; its first frame was used")
_NOTES |= {"HEIF": "has several pictures; the one that it calls its primary was used"}
"""Notes on files that hold more than one picture, by Pillow's name of the format."""

_JPEG = ("JPEG", "MPO")

_GAMMA_TOLERANCE = 0.01


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
        notes: one line for each part of the file that was passed over: other frames of an animation, other pages, a
            profile that cannot be used.
    """

    picture: Picture
    alpha: npt.NDArray[np.float32] | None = None
    icc: bytes | None = None
    origin: Origin | None = None
    notes: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """A phrase for an error text, such as `picture 'a.jpg'`."""
        return "a picture" if self.origin is None or self.origin.name is None else describe_source(self.origin.name)

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
            check_size(*source.size)
            source.load()
            return _to_photograph(raster_of(source), source)
        if isinstance(source, bytes):
            return _read_bytes(source, name)
        return _read_bytes(Path(source).read_bytes(), os.fspath(source))


def _read_bytes(data: bytes, name: str | None) -> Photograph:
    if not data:
        raise ValueError("it is empty; copy it again")
    raster = tiff.read(data) if tiff.is_tiff(data) else _load(data)
    photograph = _to_photograph(raster, data if name is None else name)
    return replace(photograph, origin=Origin(name, sha256(data).hexdigest()))


def _load(data: bytes) -> Raster:
    """The raster of any file but TIFF; of a PNG file that cannot be read, that of its pixels alone."""
    try:
        return _load_whole(data)
    except Exception:  # a hostile file can make Pillow raise anything
        if (bare := png.bare(data)) is None:
            raise
        raster = _load_whole(bare)
    return replace(raster, notes=(*raster.notes, "has damaged parts beside its pixels, which were passed over"))


def _load_whole(data: bytes) -> Raster:
    kept, icc, notes = png.slim(data)
    file = BytesIO(kept)
    image = Image.open(file, formats=READ)
    check_size(*image.size)
    _check_decoding(image, data)
    notes = (*notes, *_notes(kept), *_gamma_notes(image))
    try:
        lower = sixteen_bit.load(image, file)
    except OSError:
        if image.format not in _JPEG or (whole := jpeg.completed(data)) is None:
            raise
        image, lower = Image.open(BytesIO(whole), formats=READ), None
        image.load()
        notes = (*notes, "lacks its end; its pixels are all there")
    raster = raster_of(image, lower)
    return replace(raster, icc=raster.icc if icc is None else icc, notes=(*notes, *raster.notes))


def _check_decoding(image: ImageFile, data: bytes) -> None:
    """Refuse a file that takes far more work to decode than its size suggests."""
    if image.format == "HEIF":
        check_heif(data)
    if image.format in _JPEG and (scans := jpeg.count_scans(data, MAX_SCANS)) > MAX_SCANS:
        raise ValueError(f"it has {scans} scans or more, {MAX_SCANS} are allowed; save it anew")


def _notes(data: bytes) -> tuple[str, ...]:
    """Notes on further pictures. None on JPEG files: their further pictures are previews or depth maps."""
    with suppress(Exception), Image.open(BytesIO(data), formats=tuple(_NOTES)) as image:  # they may be damaged
        if getattr(image, "is_animated", False):
            return (_NOTES[str(image.format)],)
    return ()


def _gamma_notes(image: Image.Image) -> Iterator[str]:
    """A note on a PNG file whose values go by another curve than sRGB's, which is nearly that of the gamma 1/2.2."""
    gamma = image.info.get("gamma")
    if gamma and abs(gamma - 1 / 2.2) > _GAMMA_TOLERANCE and not {"icc_profile", "srgb"} & image.info.keys():
        yield f"says that its gamma is {gamma:g}, which was passed over; its colours were taken for sRGB"


def _to_photograph(raster: Raster, source: object) -> Photograph:
    colours, icc, notes = raster.in_srgb()
    alpha = None if raster.alpha is None else np.ascontiguousarray(raster.turned(raster.alpha))
    described = describe_source(source)
    lines = tuple(f"{described} {note}" for note in (*raster.notes, *notes))
    return Photograph(_to_picture(colours if colours.shape[2] == 3 else colours[..., 0]), alpha, icc, notes=lines)


def _to_picture(values: npt.NDArray[Any]) -> Picture:
    """The values as float32 in [0, 1], grey as three equal channels; copied only if they must change."""
    if not values.size or values.ndim < 2 or values.shape[2:] not in ((), (3,)):
        raise ValueError(f"its shape is {values.shape}; use [height, width, 3] or [height, width]")
    if values.dtype == np.uint8:
        values = to_floats(values, 255)
    if values.dtype.kind != "f":
        raise ValueError(f"its values are {values.dtype}; use uint8, or float in [0, 1]")
    require_shares(values)
    colours = values if values.ndim == 3 else np.broadcast_to(values[..., np.newaxis], (*values.shape, 3))
    return np.ascontiguousarray(colours, dtype=np.float32)
