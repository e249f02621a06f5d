"""`decode` for each kind of pixel."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nst_engine.images import decode
from tests.nst_engine.files import BLUE, RED, WHITE, file_of, mean_colour, refusal


@pytest.mark.parametrize(
    ("mode", "value", "colour"),
    [
        ("1", 1, WHITE),
        ("L", 51, (0.2, 0.2, 0.2)),
        ("LA", (0, 51), (0.8, 0.8, 0.8)),
        ("PA", (0, 51), (0.8, 0.8, 0.8)),
        ("RGB", (255, 51, 0), (1, 0.2, 0)),
        ("RGBA", (255, 0, 0, 51), (1, 0.8, 0.8)),
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("RGBa", (51, 0, 0, 51), (1, 0.8, 0.8)),
        ("RGBX", (255, 51, 0, 9), (1, 0.2, 0)),
        ("CMYK", (0, 255, 255, 0), RED),
        ("YCbCr", (255, 128, 128), WHITE),
        ("LAB", (255, 128, 128), WHITE),
        ("HSV", (170, 255, 255), BLUE),
        ("I;16", 13107, (0.2, 0.2, 0.2)),
        ("I;16B", 13107, (0.2, 0.2, 0.2)),
        ("I", 65535, WHITE),
        ("F", 0.25, (0.25, 0.25, 0.25)),
    ],
)
def test_reads_every_mode_of_pillow(mode: str, value: Any, colour: tuple[float, ...]) -> None:
    picture = decode(Image.new(mode, (5, 4), value))
    assert picture.shape == (4, 5, 3)
    np.testing.assert_allclose(picture[2, 3], colour, atol=0.005)


@pytest.mark.parametrize(("mode", "value"), [("F", 1.5), ("F", -0.1), ("F", float("nan")), ("I", 65536), ("I", -1)])
def test_refuses_deep_grey_out_of_range(mode: str, value: float) -> None:
    assert "in [0, 1]" in refusal(Image.new(mode, (5, 4), value))


def test_keeps_the_depth_of_sixteen_bit_grey() -> None:
    ramp = np.arange(40000, 40012, dtype=np.uint16).reshape(3, 4)
    for kind in ("PNG", "TIFF"):
        picture = decode(file_of(Image.fromarray(ramp), kind))
        np.testing.assert_array_equal(picture[..., 1], ramp.astype(np.float32) / np.float32(65535))


def test_reads_float_tiff() -> None:
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(decode(file_of(Image.fromarray(values), "TIFF"))[..., 0], values)


def test_reads_cmyk_jpeg() -> None:
    np.testing.assert_allclose(
        mean_colour(file_of(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")), RED, atol=0.02
    )


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_lays_a_transparent_palette_entry_over_white(kind: str) -> None:
    image = Image.new("P", (4, 2), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((3, 1), 1)
    picture = decode(file_of(image, kind, transparency=0))
    np.testing.assert_array_equal(picture[0, 0], WHITE)
    np.testing.assert_array_equal(picture[1, 3], RED)


def test_lays_a_palette_with_opacities_over_white() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((1, 0), 1)
    picture = decode(file_of(image, "PNG", transparency=bytes([51, 102])))
    np.testing.assert_allclose(picture[0], [(0.8, 0.8, 0.8), (1, 0.6, 0.6)], atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "key", "other", "colour"),
    [("L", 0, 51, 0.2), ("I;16", 40000, 64, 64 / 65535), ("1", 0, 1, 1), ("RGB", (0, 0, 0), (51, 51, 51), 0.2)],
)
def test_lays_the_transparent_colour_of_a_png_over_white(mode: str, key: Any, other: Any, colour: float) -> None:
    image = Image.new(mode, (2, 1), key)
    image.putpixel((1, 0), other)
    picture = decode(file_of(image, "PNG", transparency=key))
    np.testing.assert_allclose(picture[0], [WHITE, (colour,) * 3], atol=1e-6)


@given(colour=st.integers(0, 255), alpha=st.integers(0, 255))
def test_composes_over_white_by_the_formula(colour: int, alpha: int) -> None:
    picture = decode(Image.new("RGBA", (1, 1), (colour, colour, colour, alpha)))
    np.testing.assert_allclose(picture, (colour * alpha + 255 * (255 - alpha)) / 255**2, atol=1e-6)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_reads_the_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = file_of(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    np.testing.assert_allclose(mean_colour(data), RED, atol=0.01)


def test_reads_the_first_picture_of_a_phone_s_multi_picture_file() -> None:
    data = file_of(Image.new("RGB", (8, 8), "red"), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    np.testing.assert_allclose(mean_colour(data), RED, atol=0.01)
