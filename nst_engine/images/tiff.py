"""Read TIFF files: which of their pages is the picture, and what its values mean.

tifffile reads the structure, and samples of more than 8 bits that are not compressed. The rest is unpacked by libtiff,
through Pillow, which stops where a strip has more pixels than it should.
"""

import logging
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from nst_engine.images import sixteen_bit
from nst_engine.images.limits import MAX_PIXELS, check_size
from nst_engine.images.raster import Floats, Raster, raster_of, require_shares, to_floats

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_BIG_ENDIAN_BIG = b"MM\0+"
_PREFIXES = (b"II*\0", b"MM\0*", b"II+\0", _BIG_ENDIAN_BIG)
_COLOURS = {"MINISWHITE": 1, "MINISBLACK": 1, "RGB": 3}
"""By the kind of a page's colours, how many samples a pixel has of them."""

_UNASSOCIATED, _PREMULTIPLIED = 2, 1
_ORIENTATION, _ICC = 274, 34675
_MOST_PAGES = 100
"""Pages among which the picture is sought."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is odd becomes an error or a note


def is_tiff(data: bytes) -> bool:
    """True if the bytes begin as a TIFF file does."""
    return data.startswith(_PREFIXES)


def read(data: bytes) -> Raster:
    """The first page that is no smaller version, and no mask, of another; pages within pages count too."""
    from tifffile import TiffFile  # slow to import, and few files are TIFF

    with TiffFile(BytesIO(data)) as file:
        page = next(filter(_is_picture, _pages(file)), file.pages.first)
        check_size(page.imagewidth, page.imagelength)
        _check_kind(page)
        raster = _read_plain(page) if _is_plain(page) else _read_packed(page, _with_first(data, file, page.offset))
        return replace(raster, notes=(*_notes(file, page), *raster.notes))


def _pages(file: "TiffFile") -> Iterator[Any]:
    for page in islice(file.pages, _MOST_PAGES):
        yield page
        yield from page.pages or ()


def _is_picture(page: Any) -> bool:
    return not (page.is_reduced or page.is_mask)


def _notes(file: "TiffFile", page: "TiffPage") -> tuple[str, ...]:
    first = file.pages.first.offset == page.offset
    notes = [] if first else ["begins with a smaller version of the picture, which was passed over"]
    with suppress(Exception):  # the other pages may be damaged
        if any(_is_picture(other) and other.offset != page.offset for other in _pages(file)):
            notes.append("has several pages; the first was used")
    if len(page.extrasamples) > (_alpha_kind(page) is not None):
        notes.append("has channels beside its colours, which were passed over")
    return tuple(notes)


def _check_kind(page: "TiffPage") -> None:
    """Refuse values that no reader takes for what they are."""
    if _name(page.sampleformat) not in ("UINT", "IEEEFP", "VOID"):
        raise _refusal(page)
    if page.imagedepth > 1:
        raise ValueError(f"it is a volume of {page.imagedepth} layers; save one of them")


def _refusal(page: "TiffPage", or_else: str = "") -> ValueError:
    """The error about values that are not read; `or_else` is another remedy."""
    names = ", ".join(map(_name, (page.sampleformat, page.photometric, page.compression)))
    what = f"its {page.samplesperpixel} x {page.bitspersample} bits a pixel ({names}) are not read"
    return ValueError(f"{what}; save it with unsigned whole numbers of 8 or 16 bits a sample{or_else}")


def _name(value: Any) -> str:
    """The name of one of TIFF's numbers, or the number."""
    return getattr(value, "name", None) or str(_KINDS.get(value, value))


_KINDS = {1: "UINT", 2: "INT", 3: "IEEEFP", 4: "VOID"}


def _is_plain(page: "TiffPage") -> bool:
    return _is_plain_unpacked(page) and _name(page.compression) == "NONE"


def _is_plain_unpacked(page: "TiffPage") -> bool:
    """True if a page is plain once it is not compressed."""
    return page.bitspersample in (16, 32, 64) and _name(page.photometric) in _COLOURS


def _read_plain(page: "TiffPage") -> Raster:
    if (samples := page.imagewidth * page.imagelength * page.samplesperpixel) > 4 * MAX_PIXELS:
        raise ValueError(f"it has {samples} samples, {4 * MAX_PIXELS} are allowed; save it without the extra channels")
    if 0 in page.databytecounts:
        raise ValueError("a part of its pixels is missing; save it anew")
    planes = page.asarray().reshape(page.shaped)[:, 0]  # [planes, height, width, samples]
    return _to_raster(page, np.moveaxis(planes[..., 0], 0, 2) if len(planes) > 1 else planes[0])


def _read_packed(page: "TiffPage", data: bytes) -> Raster:
    if data.startswith(_BIG_ENDIAN_BIG):  # Pillow takes it for damaged
        raise ValueError(
            "it is BigTIFF with the high byte first, read in 16 bits without compression only; save it anew"
        )
    file = BytesIO(data)
    try:
        image = Image.open(file, formats=("TIFF",))
    except UnidentifiedImageError as error:
        raise _refusal(page, ", or without compression" if _is_plain_unpacked(page) else "") from error
    lower = sixteen_bit.load(image, file)
    if lower is not None:
        return _to_raster(page, sixteen_bit.join_halves(image, lower))
    if image.mode[0] in "IF":
        values = np.asarray(image)[..., np.newaxis]
        return _to_raster(page, values.view(np.uint32) if image.mode == "I" else values)
    return raster_of(image)


def _with_first(data: bytes, file: "TiffFile", offset: int) -> bytes:
    """The file, its first page the one at that offset."""
    if file.pages.first.offset == offset:
        return data
    at, form = (8, "Q") if file.is_bigtiff else (4, "I")
    start = struct.pack(file.byteorder + form, offset)
    return data[:at] + start + data[at + len(start) :]


def _to_raster(page: "TiffPage", values: npt.NDArray[Any]) -> Raster:
    """The raster of samples, [height, width, samples]: whole numbers, or float in [0, 1]."""
    shares = to_floats(values, 1 if values.dtype.kind == "f" else 2**page.bitspersample - 1)
    require_shares(shares)
    count = _COLOURS[_name(page.photometric)]
    colours, alpha = shares[..., :count], _alpha(page, shares[..., count:])
    if _name(page.photometric) == "MINISWHITE":
        colours = 1 - colours
    if alpha is not None and _alpha_kind(page) == _PREMULTIPLIED:
        colours = np.divide(colours, alpha[..., np.newaxis], where=alpha[..., np.newaxis] > 0, out=colours).clip(0, 1)
    return Raster(colours, alpha, page.tags.valueof(_ICC), page.tags.valueof(_ORIENTATION) or 1)


def _alpha(page: "TiffPage", extra: Floats) -> Floats | None:
    return extra[..., 0] if extra.shape[2] and _alpha_kind(page) is not None else None


def _alpha_kind(page: "TiffPage") -> int | None:
    """The kind of the opacity, which is the first extra sample; None if there is none.

    A page with more samples than colours that does not say what they are has opacity, for Pillow too.
    """
    kind = int(page.extrasamples[0]) if page.extrasamples else _UNASSOCIATED
    return kind if kind in (_UNASSOCIATED, _PREMULTIPLIED) else None
