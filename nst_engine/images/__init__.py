"""Bytes to pixels and back: the only bridge between picture files and arrays.

`reading` decodes a file within the bounds of `limits` and keeps its opacity, ICC profile and origin: a decoder gives a
`raster`, `icc` converts its colours. `tiff`, `jpeg` and `png` know what Pillow does not of these formats, `sixteen_bit`
reads 16 bits a channel. `writing` makes files, with the `provenance` of a picture in them.
`pictures` resizes and makes thumbnails. `color` moves colours between pictures.

May import NumPy, Pillow, tifffile, `nst_engine.errors` and `types`; never TensorFlow. The names below are what others
use.

Start reading at `reading.read_photograph`.
"""

from nst_engine.images.limits import MAX_PIXELS
from nst_engine.images.pictures import (
    SUFFIXES,
    UNREAD_SUFFIXES,
    decode,
    require_aspect,
    resize,
    size_within,
    thumbnail,
)
from nst_engine.images.provenance import read_provenance
from nst_engine.images.reading import Photograph, read_photograph
from nst_engine.images.writing import encode, require_format, require_savable, save, to_uint8

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "UNREAD_SUFFIXES",
    "Photograph",
    "decode",
    "encode",
    "read_photograph",
    "read_provenance",
    "require_aspect",
    "require_format",
    "require_savable",
    "resize",
    "save",
    "size_within",
    "thumbnail",
    "to_uint8",
]
