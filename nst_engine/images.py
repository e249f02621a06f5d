"""Bytes to pixels and back: the only bridge between picture files and arrays."""

import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from nst_engine.config import Format
from nst_engine.errors import ImageError, listed
from nst_engine.types import Picture, PictureSource, Pixels

SUFFIXES = frozenset({".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""Suffixes, in lower case, of the files that count as pictures."""

MAX_PIXELS = 2**27
"""Pixels of the largest picture that is read; below the number at which Pillow itself refuses."""

_READ = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000")
_WRITTEN: dict[str, Format] = {".png": "png", ".jpg": "jpg", ".jpeg": "jpg", ".webp": "webp"}
_ENCODERS: dict[Format, str] = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
_TURNS = {  # EXIF orientation: what puts the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PROFILED_MODES = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK", "I;16": "I;16", "I;16B": "I;16B"}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_SRGB_ICC = _SRGB.tobytes()[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + _SRGB.tobytes()[36:]
"""The profile's bytes under a fixed date, so that equal pictures make equal files."""
_WARNING_FILTERS = Lock()


def decode(source: PictureSource) -> Picture:
    """The picture as [height, width, 3], float32, sRGB in [0, 1].

    `source` is a path, a file's bytes, a Pillow image (at its current frame), or an array [height, width, 3] or
    [height, width], uint8 or float in [0, 1], which is copied. A file is known by its contents, not by its suffix.

    The EXIF orientation is applied, an ICC profile is converted to sRGB, transparency is laid over white, and an
    animation gives its first frame. EXIF data or a profile too broken to use is passed over, and so is the profile of
    32-bit and float pictures. 16-bit grey keeps its depth unless a profile converts it, 16-bit colour is read at 8.

    Raises:
        ImageError: the source is absent, damaged, cut short, empty, not a picture, has more than `MAX_PIXELS`
            pixels, or its values are not finite or not in [0, 1].
    """
    try:
        with _pillow_quiet():
            return _picture(_values(source))
    except Exception as error:  # Pillow's readers raise whatever a hostile file makes of them
        raise ImageError(f"{_name(source)} cannot be read: {_reason(error)}") from error


def size_within(width: int, height: int, side: int | None) -> tuple[int, int]:
    """Width and height scaled so that the longer is `side`, the aspect kept as nearly as whole pixels allow.

    None keeps the size; the shorter never falls below 1.

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
    planes = np.ascontiguousarray(np.moveaxis(picture, 2, 0), dtype=np.float32)
    resized = [Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS) for plane in planes]
    return np.stack([np.asarray(plane) for plane in resized], axis=2).clip(0, 1)


def to_uint8(picture: Picture) -> Pixels:
    """The picture in whole steps of 1/255, clipped and rounded half up: what `decode` makes of uint8, undone.

    Raises:
        ImageError: the picture is not [height, width, 3], is empty, or has values that are not finite.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ImageError(f"an array of shape {picture.shape} is no picture; use [height, width, 3]")
    if not np.isfinite(picture).all():
        raise ImageError("the picture has values that are not finite and cannot be written; use values in [0, 1]")
    return (picture.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def encode(picture: Picture, format: Format, quality: int) -> bytes:  # noqa: A002 - the configuration's name for it
    """The picture, clipped to [0, 1], as a file's bytes, tagged sRGB; equal pictures make equal bytes.

    `format` is `png`, `jpg` (at full chroma resolution) or `webp`; `quality`, 1 to 100, is for the latter two.

    Raises:
        ImageError: the format or quality is not allowed, the picture is too large for the format, or not finite.
    """
    if format not in _ENCODERS:
        raise ImageError(f"format={format!r} is not known; use {listed(_ENCODERS)}")
    if not 1 <= quality <= 100:
        raise ImageError(f"quality={quality!r} is not allowed; use a whole number from 1 to 100")
    image, file = Image.fromarray(to_uint8(picture)), BytesIO()
    try:  # each encoder takes the options that it knows
        image.save(file, _ENCODERS[format], icc_profile=_SRGB_ICC, quality=quality, subsampling="4:4:4")
    except (OSError, ValueError) as error:
        raise ImageError(f"{image.width} x {image.height} pixels do not fit {format}: {_reason(error)}") from error
    return file.getvalue()


def save(picture: Picture, path: str | os.PathLike[str], quality: int = 95) -> Path:
    """Write the picture to `path`, atomically, and return it; missing folders are made.

    The suffix decides the format: `.png`, `.jpg`, `.jpeg` or `.webp`. For the rest see `encode`.

    Raises:
        ImageError: the suffix is none of these, the picture cannot be encoded, or the file cannot be written.
    """
    target = Path(path)
    if (suffix := target.suffix.lower()) not in _WRITTEN:
        raise ImageError(f"{str(target)!r} has the suffix {suffix!r}; use {listed(_WRITTEN)}")
    data = encode(picture, _WRITTEN[suffix], quality)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=".nightbrush-") as folder:
            part = Path(folder, "part")
            part.write_bytes(data)
            part.replace(target)
    except (OSError, ValueError) as error:
        raise ImageError(f"{str(target)!r} cannot be written: {_reason(error)}") from error
    return target


def thumbnail(picture: Picture, side: int) -> bytes:
    """A small JPEG of the picture for a report: long side at most `side` pixels, never enlarged.

    Raises:
        ImageError: `side` is below 1, or the picture has values that are not finite.
    """
    height, width, _ = picture.shape
    return encode(resize(picture, *size_within(width, height, min(side, max(width, height)))), "jpg", quality=80)


@contextmanager
def _pillow_quiet() -> Iterator[None]:
    """Pillow's warnings off: a picture is read or refused. Locked, for the filters are the whole process's."""
    with _WARNING_FILTERS, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _values(source: PictureSource) -> npt.NDArray[Any]:
    if isinstance(source, np.ndarray):
        return source
    if isinstance(source, Image.Image):
        return _unpacked(source)
    with BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
        return _unpacked(Image.open(file, formats=_READ))


def _unpacked(image: Image.Image) -> npt.NDArray[np.float32]:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"it has {image.width} x {image.height} pixels, {MAX_PIXELS} are allowed; scale it down")
    image.load()
    upright = _upright(image)
    colours = _colours(upright)
    return 1 - _alpha(upright) * (1 - colours) if upright.has_transparency_data else colours


def _upright(image: Image.Image) -> Image.Image:
    with suppress(KeyError, SyntaxError, struct.error):  # nothing to turn, or EXIF data that Pillow cannot read
        return image.transpose(_TURNS[image.getexif()[ExifTags.Base.Orientation]])
    return image


def _colours(image: Image.Image) -> npt.NDArray[np.float32]:
    """The image without its transparency, [height, width, 3], sRGB."""
    if image.info.get("icc_profile", _SRGB_ICC) != _SRGB_ICC and image.mode not in ("I", "F"):
        with suppress(ImageCms.PyCMSError):
            image = _profiled(image)
    if image.mode[0] in "IF":
        return np.stack([_scaled(image, 1 if image.mode == "F" else 65535)] * 3, axis=2)
    return _scaled(image.convert("RGB"), 255)


def _profiled(image: Image.Image) -> Image.Image:
    """The image converted to sRGB by its ICC profile, 8 bits."""
    mode, profile = _PROFILED_MODES.get(image.mode, "RGB"), BytesIO(image.info["icc_profile"])
    return ImageCms.buildTransform(profile, _SRGB, mode, "RGB").apply(image.convert(mode))


def _alpha(image: Image.Image) -> npt.NDArray[np.float32]:
    """Opacity, [height, width, 1] in [0, 1]."""
    if image.mode[0] == "I":  # a 16-bit PNG names one grey as transparent; Pillow compares 8 of its bits
        return np.asarray(np.asarray(image)[..., np.newaxis] != image.info["transparency"], dtype=np.float32)
    return _scaled(image.convert("RGBA").getchannel("A"), 255)[..., np.newaxis]


def _scaled(image: Image.Image, full: int) -> npt.NDArray[np.float32]:
    return np.asarray(image).astype(np.float32) / np.float32(full)


def _picture(values: npt.NDArray[Any]) -> Picture:
    if not values.size or values.ndim < 2 or values.shape[2:] not in ((), (3,)):
        raise ValueError(f"its shape is {values.shape}; use [height, width, 3] or [height, width]")
    if values.dtype == np.uint8:
        values = values.astype(np.float32) / np.float32(255)
    if values.dtype.kind != "f":
        raise ValueError(f"its values are {values.dtype}; use uint8, or float in [0, 1]")
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"its values go from {values.min():g} to {values.max():g}; use finite values in [0, 1]")
    colours = values if values.ndim == 3 else np.broadcast_to(values[..., np.newaxis], (*values.shape, 3))
    return np.array(colours, dtype=np.float32, order="C")


def _check_lengths(*lengths: int) -> None:
    if min(lengths) < 1:
        raise ImageError(f"{' x '.join(map(str, lengths))} is no size; use whole numbers of at least 1")


def _name(source: object) -> str:
    if isinstance(source, bytes):
        return f"picture of {len(source)} bytes"
    return f"picture {os.fspath(source)!r}" if isinstance(source, str | os.PathLike) else type(source).__name__


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"it is cut short, or none of {listed(_READ)}"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
