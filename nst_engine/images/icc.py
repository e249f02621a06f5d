"""Convert colours to sRGB and back by ICC profiles, at 8 bits a channel: Pillow's converter has no more."""

import struct
from contextlib import suppress
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from nst_engine.types import Pixels

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
SRGB_ICC = _SRGB.tobytes()[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + _SRGB.tobytes()[36:]
"""The bytes of an sRGB profile, with a fixed date so that equal pictures make equal files."""

MAX_PROFILE = 255 * 65519
"""Bytes of the largest profile that is read or written: it fits JPEG, the format with the least room."""

_MODES = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK", "I;16": "I;16", "I;16B": "I;16B"}


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image | None:
    """The image converted to RGB by its ICC profile.

    None if the profile is too broken to use or is for another colour space, or if the pixels are 32-bit or float.
    """
    mode = _MODES.get(image.mode, "RGB")
    with suppress(ImageCms.PyCMSError):
        if image.mode not in ("I", "F"):
            return ImageCms.buildTransform(BytesIO(icc), _SRGB, mode, "RGB").apply(image.convert(mode))
    return None


def from_srgb(pixels: Pixels, icc: bytes) -> Pixels | None:
    """The sRGB pixels in the colours of an RGB profile; None if `icc` is no such profile, or is for input only."""
    with suppress(ImageCms.PyCMSError):
        transform = ImageCms.buildTransform(_SRGB, BytesIO(icc), "RGB", "RGB")
        return np.asarray(transform.apply(Image.fromarray(pixels)))
    return None
