"""Picture files for the tests: made here, hostile ones among them."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from PIL import Image, ImageCms

from nst_engine.errors import ImageError
from nst_engine.images import decode

FORMATS = ("png", "jpg", "webp", "tiff")
ORIENTATION = 274
RED, BLUE, WHITE = (1, 0, 0), (0, 0, 1), (1, 1, 1)


def pixels(height: int = 24, width: int = 32) -> npt.NDArray[np.uint8]:
    """A smooth uint8 picture in which no two quarters are alike."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1).astype(np.uint8)


def file_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The image as a file's bytes."""
    file = BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(file, **options)
    else:
        image.save(file, kind, **options)
    return file.getvalue()


@cache  # it tells the second in which it was made
def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_tag(profile: bytes, tag: bytes, data: bytes) -> bytes:
    """The ICC profile with the beginning of one tag's data replaced."""
    (count,) = struct.unpack(">I", profile[128:132])
    for entry in range(132, 132 + 12 * count, 12):
        name, offset, _ = struct.unpack(">4sII", profile[entry : entry + 12])
        if name == tag:
            return profile[:offset] + data + profile[offset + len(data) :]
    raise KeyError(tag)


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def display_p3() -> bytes:
    """The sRGB profile with the primaries of Display P3, adapted to D50."""
    profile = with_tag(srgb(), b"rXYZ", xyz(0.51512, 0.24120, -0.00105))
    profile = with_tag(profile, b"gXYZ", xyz(0.29198, 0.69225, 0.04189))
    return with_tag(profile, b"bXYZ", xyz(0.15710, 0.06657, 0.78407))


def linear_grey() -> bytes:
    """A grey profile whose values are proportional to light."""
    profile = srgb().replace(b"rTRC", b"kTRC")
    profile = profile[:16] + b"GRAY" + profile[20:]
    return with_tag(profile, b"kTRC", b"para\0\0\0\0\0\0\0\0" + struct.pack(">i", 65536))


@cache
def large_profile(size: int) -> bytes:
    """The sRGB profile with a private tag of that many bytes of noise, which nothing compresses away."""
    profile = srgb()
    (count,) = struct.unpack(">I", profile[128:132])
    table, rest = profile[132 : 132 + 12 * count], profile[132 + 12 * count :]
    entries = [struct.unpack(">4sII", table[at : at + 12]) for at in range(0, len(table), 12)]
    start = len(profile) + 12 + -len(profile) % 4
    body = b"data\0\0\0\0\0\0\0\1" + np.random.default_rng(0).bytes(size)
    moved = [(tag, offset + 12, length) for tag, offset, length in entries] + [(b"nbtg", start, len(body))]
    tags = struct.pack(">I", count + 1) + b"".join(struct.pack(">4sII", *entry) for entry in moved)
    whole = (profile[:128] + tags + rest).ljust(start, b"\0") + body
    return struct.pack(">I", len(whole)) + whole[4:]


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG file that promises width x height pixels and holds none."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b"")


def png16(samples: npt.NDArray[np.uint16], chunks: bytes = b"") -> bytes:
    """A PNG file of 16 bits a channel: [height, width, 3] or, with opacity, [height, width, 4]."""
    height, width, channels = samples.shape
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    data = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + chunks + data + png_chunk(b"IEND", b"")


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def mean_colour(source: Any) -> npt.NDArray[np.float32]:
    mean: npt.NDArray[np.float32] = decode(source).mean(axis=(0, 1))
    return mean


def refusal(source: Any) -> str:
    """The text with which a source is refused."""
    with pytest.raises(ImageError) as caught:
        decode(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)
