"""`decode` applies EXIF orientation and ICC profiles."""

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from nst_engine.images import decode, to_uint8
from tests.nst_engine.files import (
    ORIENTATION,
    RED,
    display_p3,
    exif,
    file_of,
    linear_grey,
    mean_colour,
    pixels,
    srgb,
)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_applies_the_exif_orientation(orientation: int, kind: str) -> None:
    upright = pixels()
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    data = file_of(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif(orientation))
    np.testing.assert_array_equal(to_uint8(decode(data)), upright)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_turns_pictures_of_every_mode(mode: str) -> None:
    image = Image.new(mode, (6, 4))
    image.info["exif"] = exif(6).tobytes()
    assert decode(image).shape == (6, 4, 3)


@pytest.mark.parametrize(
    "broken", [b"Exif\0\0junk", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x09", b""]
)
def test_passes_over_broken_exif_data(broken: bytes) -> None:
    image = Image.fromarray(pixels())
    image.info["exif"] = broken
    np.testing.assert_array_equal(to_uint8(decode(image)), pixels())


def test_turns_a_picture_whose_other_exif_data_cannot_be_written_again() -> None:
    image = Image.fromarray(pixels())
    entries = struct.pack(">HHII", 271, 4, 1, 7) + struct.pack(">HHIHH", ORIENTATION, 3, 1, 6, 0)
    image.info["exif"] = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 2) + entries + b"\0\0\0\0"
    assert decode(image).shape == (32, 24, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_converts_a_wide_gamut_profile_to_srgb(kind: str) -> None:
    p3_of_srgb_red = (234, 51, 35)
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    data = file_of(Image.new("RGB", (16, 16), p3_of_srgb_red), kind, icc_profile=display_p3(), **options)
    np.testing.assert_allclose(mean_colour(data), RED, atol=0.02)


def test_converts_the_profile_of_a_transparent_picture() -> None:
    image = Image.new("RGBA", (1, 1), (234, 51, 35, 51))
    np.testing.assert_allclose(mean_colour(file_of(image, "PNG", icc_profile=display_p3())), (1, 0.8, 0.8), atol=0.02)


def test_converts_the_profile_of_a_palette_picture() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([234, 51, 35])
    np.testing.assert_allclose(mean_colour(file_of(image, "PNG", icc_profile=display_p3())), RED, atol=0.02)


@pytest.mark.parametrize(("mode", "value"), [("L", 128), ("LA", (128, 255)), ("I;16", 128 * 257)])
def test_converts_a_grey_profile(mode: str, value: Any) -> None:
    data = file_of(Image.new(mode, (4, 4), value), "PNG", icc_profile=linear_grey())
    np.testing.assert_allclose(mean_colour(data), 188 / 255, atol=0.005)  # sRGB's curve takes half the light to 188


@pytest.mark.parametrize("profile", [b"junk", srgb()[:200], b"\0" * 588, linear_grey()])
def test_passes_over_a_profile_that_is_broken_or_does_not_fit(profile: bytes) -> None:
    data = file_of(Image.fromarray(pixels()), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(to_uint8(decode(data)), pixels())


def test_passes_over_the_profile_of_float_pictures() -> None:
    data = file_of(Image.new("F", (4, 4), 0.25), "TIFF", icc_profile=display_p3())
    np.testing.assert_array_equal(mean_colour(data), 0.25)


@pytest.mark.parametrize("space", ["LAB", "XYZ"])
def test_passes_over_a_profile_of_no_rgb_space(space: Any) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()
    data = file_of(Image.fromarray(pixels()), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(to_uint8(decode(data)), pixels())


def test_does_not_alter_the_pillow_image_it_is_given() -> None:
    image = Image.fromarray(pixels())
    image.info.update(exif=exif(6).tobytes(), icc_profile=display_p3())
    decode(image)
    assert image.size == (32, 24)
    np.testing.assert_array_equal(np.asarray(image), pixels())
