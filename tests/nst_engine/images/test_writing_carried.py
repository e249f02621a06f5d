"""Opacity and profiles that are written with a picture."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from nst_engine.errors import ImageError
from nst_engine.images import decode, encode, read_photograph, to_uint8
from nst_engine.images.icc import SRGB_ICC
from tests.nst_engine.files import FORMATS, display_p3, linear_grey, pixels

OPACITY = np.linspace(0, 1, 24 * 32, dtype=np.float32).reshape(24, 32)


def picture() -> Any:
    return decode(pixels())


def icc_of(data: bytes) -> bytes:
    profile: bytes = Image.open(BytesIO(data)).info["icc_profile"]
    return profile


def input_only() -> bytes:
    """A scanner's profile: a table from its colours to Lab, and none back."""
    clut = np.stack(np.meshgrid(*[np.linspace(0, 65535, 2)] * 3, indexing="ij"), -1).astype(">u2").tobytes()
    ramps = struct.pack(">2H", 0, 65535) * 3
    matrix = struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).ravel())
    table = b"mft2\0\0\0\0" + bytes([3, 3, 2, 0]) + matrix + struct.pack(">2H", 2, 2) + ramps + clut + ramps
    entry = b"A2B0" + struct.pack(">2I", 128 + 4 + 12, len(table))
    head = bytearray(SRGB_ICC[:128])
    head[0:4] = struct.pack(">I", 144 + len(table))
    head[8:24] = struct.pack(">I", 0x02400000) + b"scnrRGB Lab "
    return bytes(head) + struct.pack(">I", 1) + entry + table


# ---------------------------------------------------------------- opacity


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_writes_the_opacity_where_there_is_room_for_it(kind: str) -> None:
    again = read_photograph(encode(picture(), kind, 95, alpha=OPACITY))
    assert again.alpha is not None
    np.testing.assert_allclose(again.alpha, OPACITY, atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_clear_pixels_keep_their_colours(kind: str) -> None:
    clear = read_photograph(encode(np.full((8, 8, 3), 0.8, np.float32), kind, 100, alpha=np.zeros((8, 8), np.float32)))
    np.testing.assert_allclose(clear.picture, 0.8, atol=0.02)


def test_a_jpeg_is_laid_over_white() -> None:
    flat = np.full((8, 8, 3), 0.2, np.float32)
    composed = decode(encode(flat, "jpg", 100, alpha=np.full((8, 8), 0.25, np.float32)))
    np.testing.assert_allclose(composed, 0.25 * 0.2 + 0.75, atol=0.01)


@pytest.mark.parametrize("kind", FORMATS)
def test_opacity_is_clipped_as_the_picture_is(kind: str) -> None:
    beyond = 1 + np.zeros((24, 32), np.float32)
    assert encode(picture() + 1, kind, 95, alpha=beyond + 1) == encode(
        (picture() + 1).clip(0, 1), kind, 95, alpha=beyond
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_refuses_opacity_that_does_not_fit(kind: str) -> None:
    with pytest.raises(ImageError, match=r"alpha has the shape \(32, 24\); use the picture's, \(24, 32\)"):
        encode(picture(), kind, 95, alpha=OPACITY.T)
    with pytest.raises(ImageError, match="alpha has values that are not finite"):
        encode(picture(), kind, 95, alpha=np.full((24, 32), np.nan, np.float32))


# ---------------------------------------------------------------- profiles


@pytest.mark.parametrize("kind", FORMATS)
def test_converts_to_the_profile_and_embeds_it(kind: str) -> None:
    red = np.zeros((16, 16, 3), np.float32)
    red[..., 0] = 1
    data = encode(red, kind, 100, icc=display_p3())
    assert icc_of(data) == display_p3()
    stored = np.asarray(Image.open(BytesIO(data)).convert("RGB")).mean(axis=(0, 1))
    np.testing.assert_allclose(stored, (234, 51, 35), atol=4)
    np.testing.assert_allclose(decode(data).mean(axis=(0, 1)), (1, 0, 0), atol=0.02)


@pytest.mark.parametrize("kind", FORMATS)
def test_colours_survive_the_way_to_a_profile_and_back(kind: str) -> None:
    smooth = picture() * 0.6 + 0.2
    plain, wide = decode(encode(smooth, kind, 100)), decode(encode(smooth, kind, 100, icc=display_p3()))
    assert np.abs(wide - smooth).mean() < np.abs(plain - smooth).mean() + 2 / 255


@pytest.mark.parametrize("kind", FORMATS)
def test_a_profile_that_cannot_be_written_in_gives_srgb(kind: str) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    cmyk = SRGB_ICC[:16] + b"CMYK" + SRGB_ICC[20:]
    for profile in (b"", b"junk", SRGB_ICC[:200], linear_grey(), lab, cmyk, input_only(), SRGB_ICC):
        assert encode(picture(), kind, 95, icc=profile) == encode(picture(), kind, 95)


def test_the_scanner_s_profile_of_these_tests_can_be_read() -> None:
    image = Image.fromarray(pixels())
    image.info["icc_profile"] = input_only()
    assert np.abs(to_uint8(decode(image)).astype(int) - pixels()).max() > 40


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_a_profile_leaves_the_opacity_alone(kind: str) -> None:
    plain, wide = (read_photograph(encode(picture(), kind, 95, alpha=OPACITY, icc=icc)) for icc in (None, display_p3()))
    np.testing.assert_array_equal(plain.alpha, wide.alpha)
