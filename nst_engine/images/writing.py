"""Write pictures as bytes or files, with their opacity, ICC profile and provenance."""

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from nst_engine.errors import ImageError, listed
from nst_engine.images.icc import MAX_PROFILE, SRGB_ICC, from_srgb
from nst_engine.images.limits import check_size, error_text
from nst_engine.images.provenance import pillow_options, tiff_tags
from nst_engine.images.reading import Photograph
from nst_engine.types import Picture, Pixels

_PILLOW_NAMES = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
_FORMATS = (*_PILLOW_NAMES, "tiff")
_SUFFIXES = {".png": "png", ".jpg": "jpg", ".jpeg": "jpg", ".webp": "webp", ".tif": "tiff", ".tiff": "tiff"}
_LONGEST_SIDES = {"jpg": 65_500, "webp": 16_383}
"""Pixels of the longer side at most, by format: the limits of libjpeg and of WebP."""

_PART = ".nightbrush-"
"""Prefix of the temporary folder in which a file is written before it is moved to its place."""

_Whole = TypeVar("_Whole", np.uint8, np.uint16)


def to_uint8(picture: Picture) -> Pixels:
    """The picture as uint8, clipped and rounded half up: the reverse of `decode` for uint8.

    Raises:
        ImageError: the picture is not [height, width, 3], is empty, or has values that are not finite.
    """
    _check_picture(picture)
    return _quantize(picture, np.uint8)


def encode(
    picture: Picture,
    format: str,  # noqa: A002 - the configuration's name for it
    quality: int,
    *,
    alpha: npt.NDArray[np.float32] | None = None,
    icc: bytes | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> bytes:
    """Encode the picture, clipped to [0, 1], as a file's bytes; equal arguments make equal bytes.

    Args:
        picture: [height, width, 3], float32, sRGB.
        format: `png`, `jpg` (at full chroma resolution), `webp`, or `tiff` (16 bits a channel, the others 8).
        quality: of `jpg` and `webp`, 1 to 100.
        alpha: opacity, [height, width], clipped to [0, 1]; `jpg` has none, so the picture is laid over white.
        icc: profile to convert the colours to, at 8 bits, and to embed. None means sRGB, and so does a profile that
            cannot hold RGB output (broken, for input only, for grey or CMYK) or has more than `MAX_PROFILE` bytes.
        provenance: values to embed for `read_provenance`, as JSON.

    Raises:
        ImageError: the format or quality is not allowed, the picture is too large for the format or for reading, it or
            `alpha` is not finite or has a wrong shape, or JSON cannot carry `provenance`.
    """
    if format not in _FORMATS:
        raise ImageError(f"format={format!r} is not known; use {listed(_FORMATS)}")
    if not 1 <= quality <= 100:
        raise ImageError(f"quality={quality!r} is not allowed; use a whole number from 1 to 100")
    _check_picture(picture)
    _check_alpha(alpha, picture)
    require_format(format, *picture.shape[1::-1])
    if alpha is not None and format == "jpg":
        picture, alpha = Photograph(picture.clip(0, 1), alpha.clip(0, 1)).over_white(), None
    height, width, _ = picture.shape
    try:
        check_size(width, height)
        colours, profile = _to_profile(picture, icc)
        planes = colours if alpha is None else np.dstack([colours, alpha])
        if format == "tiff":
            return _encode_tiff(_quantize(planes, np.uint16), profile, provenance)
        return _encode_8_bit(_quantize(planes, np.uint8), profile, format, quality, pillow_options(provenance, format))
    except (OSError, ValueError) as error:
        raise ImageError(f"{width} x {height} pixels do not fit {format}: {error_text(error)}") from error


def require_format(format: str, width: int, height: int) -> None:  # noqa: A002 - as in encode
    """Refuse a size in pixels that `format` cannot hold.

    Raises:
        ImageError: a side is too long.
    """
    longest = _LONGEST_SIDES.get(format)
    if longest is not None and max(width, height) > longest:
        remedy = f"{longest} a side are allowed; use png or tiff, or a smaller side"
        raise ImageError(f"{width} x {height} pixels do not fit {format}: {remedy}")


def require_savable(path: str | os.PathLike[str], size: tuple[int, int] | None = None) -> None:
    """Refuse a path that `save` would refuse, before any work is done; leaves nothing behind on the disk.

    Args:
        path: the file to be written.
        size: width and height of its picture in pixels, once they are known.

    Raises:
        ImageError: the suffix names no format, or one that cannot hold the size, something is in the way, or the folder
            cannot be written to or refuses the name.
    """
    target = Path(path)
    if (suffix := target.suffix.lower()) not in _SUFFIXES:
        raise ImageError(f"{str(target)!r} has the suffix {suffix!r}; use {listed(_SUFFIXES)}")
    if size is not None:
        require_format(_SUFFIXES[suffix], *size)
    nearest = next(folder for folder in target.parents if folder.exists())
    try:
        if target.is_dir() or not nearest.is_dir():
            way = target if target.is_dir() else nearest
            raise ImageError(f"{str(target)!r} cannot be written: {str(way)!r} is in the way; choose another name")
        with TemporaryDirectory(dir=nearest, prefix=_PART) as folder:
            part = Path(folder, "part")
            part.touch()
            part.replace(Path(folder, target.name))
    except (OSError, ValueError) as error:  # no leave to write, or a name that the file system refuses
        raise ImageError(f"{str(target)!r} cannot be written: {error_text(error)}") from error


def save(
    picture: Picture,
    path: str | os.PathLike[str],
    quality: int = 95,
    *,
    alpha: npt.NDArray[np.float32] | None = None,
    icc: bytes | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write the picture to `path` atomically and return the path; missing folders are made.

    The suffix decides the format: `.png`, `.jpg`, `.jpeg`, `.webp`, `.tif` or `.tiff`. For the rest see `encode`.

    Raises:
        ImageError: the suffix is none of these, the picture cannot be encoded, or the file cannot be written.
    """
    require_savable(path)
    target = Path(path)
    data = encode(picture, _SUFFIXES[target.suffix.lower()], quality, alpha=alpha, icc=icc, provenance=provenance)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=_PART) as folder:
            part = Path(folder, "part")
            part.write_bytes(data)
            part.replace(target)
    except (OSError, ValueError) as error:
        raise ImageError(f"{str(target)!r} cannot be written: {error_text(error)}") from error
    return target


def _to_profile(picture: Picture, icc: bytes | None) -> tuple[npt.NDArray[np.float32], bytes]:
    """Colours converted to the profile, and the profile; sRGB if `icc` is None, sRGB or cannot hold RGB output."""
    if icc and icc != SRGB_ICC and len(icc) <= MAX_PROFILE:
        converted = from_srgb(to_uint8(picture), icc)
        if converted is not None:
            return converted.astype(np.float32) / np.float32(255), icc
    return picture, SRGB_ICC


def _encode_8_bit(samples: Pixels, icc: bytes, format: str, quality: int, metadata: dict[str, Any]) -> bytes:  # noqa: A002 - as in encode
    options = {"quality": quality, "subsampling": "4:4:4", "exact": True}  # exact: transparent pixels keep colours
    file = BytesIO()
    Image.fromarray(samples).save(file, _PILLOW_NAMES[format], icc_profile=icc, **options, **metadata)
    return file.getvalue()


def _encode_tiff(samples: npt.NDArray[np.uint16], icc: bytes, provenance: Mapping[str, Any] | None) -> bytes:
    import tifffile  # slow to import, and few files are TIFF

    file = BytesIO()
    tifffile.imwrite(
        file,
        samples,
        byteorder="<",
        photometric="rgb",
        planarconfig="contig",
        extrasamples=("unassalpha",) if samples.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        iccprofile=icc,
        extratags=tiff_tags(provenance),
        metadata=None,
        software=False,
    )
    return file.getvalue()


def _quantize(values: npt.NDArray[np.float32], dtype: type[_Whole]) -> npt.NDArray[_Whole]:
    steps: npt.NDArray[_Whole] = (values.clip(0, 1) * int(np.iinfo(dtype).max) + 0.5).astype(dtype)
    return steps


def _check_picture(picture: Picture) -> None:
    if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ImageError(f"an array of shape {picture.shape} is no picture; use [height, width, 3]")
    if not np.isfinite(picture).all():
        raise ImageError("the picture has values that are not finite and cannot be written; use values in [0, 1]")


def _check_alpha(alpha: npt.NDArray[np.float32] | None, picture: Picture) -> None:
    if alpha is None:
        return
    if alpha.shape != picture.shape[:2]:
        raise ImageError(f"alpha has the shape {alpha.shape}; use the picture's, {picture.shape[:2]}")
    if not np.isfinite(alpha).all():
        raise ImageError("alpha has values that are not finite and cannot be written; use values in [0, 1]")
