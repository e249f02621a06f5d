"""How a picture came about, written into its file and read from it.

The values stand as one JSON object: in PNG in an iTXt chunk of the keyword `nightbrush`, in JPEG, WebP and TIFF after
the word `nightbrush` in the EXIF tag ImageHistory (37395), which programs that keep EXIF data keep.
"""

import json
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from nst_engine.errors import ImageError
from nst_engine.images.limits import READ, reading, stream
from nst_engine.types import PictureSource

MAX_CHARACTERS = 60_000
"""Length of the longest provenance as JSON: what fits JPEG, which has the least room, fits each format."""

_HISTORY = ExifTags.Base.ImageHistory
_KEYWORD = "nightbrush"
_MARK = f"{_KEYWORD} "


def read_provenance(source: PictureSource) -> dict[str, Any] | None:
    """What `encode` was given as `provenance`; None if the file has none, or has other programs' metadata only.

    EXIF data that cannot be read counts as none, for nothing tells whose it is. An array has none.

    Raises:
        ImageError: the source is no picture that can be read, or its provenance is ours and damaged.
    """
    with reading(source):
        if isinstance(source, np.ndarray):
            return None
        if isinstance(source, Image.Image):
            return _parsed(_embedded(source))
        with stream(source) as file:
            return _parsed(_embedded(Image.open(file, formats=READ)))


def pillow_options(provenance: Mapping[str, Any] | None, format: str) -> dict[str, Any]:  # noqa: A002 - as in encode
    """What Pillow's writer of that format is to be told, so that it embeds the provenance.

    Raises:
        ImageError: a value is none that JSON can carry, or there are more than `MAX_CHARACTERS`.
    """
    if provenance is None:
        return {}
    if format == "png":
        chunks = PngInfo()
        chunks.add_itxt(_KEYWORD, _text(provenance))
        return {"pnginfo": chunks}
    exif = Image.Exif()
    exif[_HISTORY] = _MARK + _text(provenance)
    return {"exif": exif}


def tiff_tags(provenance: Mapping[str, Any] | None) -> list[tuple[int, str, int, str, bool]]:
    """The tags, as tifffile takes them, that embed the provenance.

    Raises:
        ImageError: as for `pillow_options`.
    """
    return [] if provenance is None else [(int(_HISTORY), "s", 0, _MARK + _text(provenance), True)]


def _text(provenance: Mapping[str, Any]) -> str:
    """ASCII JSON; equal values make equal texts."""
    try:
        text = json.dumps(dict(provenance), allow_nan=False, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ImageError(f"provenance cannot be written: {error}; use what JSON can carry") from error
    if len(text) > MAX_CHARACTERS:
        raise ImageError(f"provenance has {len(text)} characters as JSON; use at most {MAX_CHARACTERS}")
    return text


def _embedded(image: Image.Image) -> str | None:
    if _KEYWORD in image.info:
        return str(image.info[_KEYWORD])
    with suppress(SyntaxError, struct.error):  # EXIF data that Pillow cannot read
        history = str(image.getexif().get(_HISTORY, ""))
        return history.removeprefix(_MARK) if history.startswith(_MARK) else None
    return None


def _parsed(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its provenance is damaged: {error}") from error
    if not isinstance(values, dict):
        raise TypeError("its provenance is damaged: it is no JSON object")
    return values
