"""Write how a picture came about into its file, and read it back.

The values are one JSON object: in PNG an iTXt chunk with the keyword `nightbrush`; in JPEG, WebP and TIFF the EXIF tag
ImageHistory (37395), after the word `nightbrush`. Programs that keep EXIF data keep this tag.
"""

import json
import struct
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from nst_engine.errors import ImageError
from nst_engine.images.limits import READ, image_errors, open_source
from nst_engine.images.png import slim
from nst_engine.types import PictureSource

MAX_CHARACTERS = 60_000
"""Length of the longest provenance as JSON: it fits JPEG, the format with the least room."""

_HISTORY = ExifTags.Base.ImageHistory
_KEYWORD = "nightbrush"
_MARK = f"{_KEYWORD} "


def read_provenance(source: PictureSource) -> dict[str, Any] | None:
    """The `provenance` that `encode` wrote; None for an array, or a file without any.

    Other programs' metadata, and EXIF data that cannot be read, count as none.

    Raises:
        ImageError: the source cannot be read as a picture, or its provenance is damaged.
    """
    with image_errors(source):
        if isinstance(source, np.ndarray):
            return None
        if isinstance(source, Image.Image):
            return _parse(_read_embedded(source))
        with open_source(source) as file:
            return _parse(_read_embedded(Image.open(BytesIO(slim(file.read()).data), formats=READ)))


def pillow_options(provenance: Mapping[str, Any] | None, format: str) -> dict[str, Any]:  # noqa: A002 - as in encode
    """Options with which Pillow's writer of that format embeds the provenance.

    Raises:
        ImageError: JSON cannot carry a value, or the JSON has more than `MAX_CHARACTERS`.
    """
    if provenance is None:
        return {}
    if format == "png":
        chunks = PngInfo()
        chunks.add_itxt(_KEYWORD, _to_json(provenance))
        return {"pnginfo": chunks}
    exif = Image.Exif()
    exif[_HISTORY] = _MARK + _to_json(provenance)
    return {"exif": exif}


def tiff_tags(provenance: Mapping[str, Any] | None) -> list[tuple[int, str, int, str, bool]]:
    """The tags that embed the provenance, in the form that tifffile takes.

    Raises:
        ImageError: as for `pillow_options`.
    """
    return [] if provenance is None else [(int(_HISTORY), "s", 0, _MARK + _to_json(provenance), True)]


def _to_json(provenance: Mapping[str, Any]) -> str:
    """ASCII JSON; equal values make equal texts."""
    try:
        text = json.dumps(dict(provenance), allow_nan=False, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ImageError(f"provenance cannot be written: {error}; use what JSON can carry") from error
    if len(text) > MAX_CHARACTERS:
        raise ImageError(f"provenance has {len(text)} characters as JSON; use at most {MAX_CHARACTERS}")
    return text


def _read_embedded(image: Image.Image) -> str | None:
    if _KEYWORD in image.info:
        return str(image.info[_KEYWORD])
    with suppress(SyntaxError, struct.error):  # EXIF data that Pillow cannot read
        history = str(image.getexif().get(_HISTORY, ""))
        return history.removeprefix(_MARK) if history.startswith(_MARK) else None
    return None


def _parse(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its provenance is damaged: {error}") from error
    if not isinstance(values, dict):
        raise TypeError("its provenance is damaged: it is no JSON object")
    return values
