"""Pixels to bytes."""

import struct
import sys
from io import BytesIO
from subprocess import run
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms, ImageFile

from nst_engine.config import Format
from nst_engine.errors import ImageError
from nst_engine.images import decode, encode, require_format, to_uint8
from tests.nst_engine.files import FORMATS, pixels, srgb


def test_to_uint8_undoes_decode_for_every_value() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(to_uint8(decode(every))[..., 0], every)


def test_to_uint8_clips_and_rounds_half_up() -> None:
    values = np.array([-3, 0, 0.5 / 255 - 1e-4, 0.5, 127.4 / 255, 1, 9], np.float32)
    picture = np.repeat(values, 3).reshape(1, 7, 3)
    assert to_uint8(picture)[0, :, 0].tolist() == [0, 0, 0, 128, 127, 255, 255]


@given(arrays.arrays(np.float32, (2, 3, 3), elements=st.floats(-2, 3, width=32)))
def test_to_uint8_is_the_nearest_step(picture: npt.NDArray[np.float32]) -> None:
    assert np.abs(to_uint8(picture) - 255.0 * picture.clip(0, 1)).max() <= 0.5 + 1e-4


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_a_png_comes_back_exactly(array: npt.NDArray[np.uint8]) -> None:
    picture = decode(array)
    np.testing.assert_array_equal(decode(encode(picture, "png", 95)), picture)


@pytest.mark.parametrize("kind", FORMATS)
def test_comes_back_nearly_from_every_format(kind: str) -> None:
    picture = decode(pixels(64, 64))
    assert np.abs(decode(encode(picture, kind, 95)) - picture).mean() < 0.02


@pytest.mark.parametrize("kind", FORMATS)
def test_tags_every_file_as_srgb(kind: str) -> None:
    image = Image.open(BytesIO(encode(decode(pixels()), kind, 95)))
    profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert image.format == {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tiff": "TIFF"}[kind]


def test_the_srgb_tag_changes_no_colour() -> None:
    tag = Image.open(BytesIO(encode(decode(pixels()), "png", 95))).info["icc_profile"]
    assert tag[24:36] == struct.pack(">6H", 2000, 1, 1, 0, 0, 0)  # not the moment of writing
    converted = ImageCms.profileToProfile(Image.fromarray(pixels()), BytesIO(tag), BytesIO(srgb()))
    np.testing.assert_array_equal(np.asarray(converted), pixels())


@pytest.mark.parametrize("kind", FORMATS)
def test_equal_pictures_make_equal_files_in_every_process(kind: str) -> None:
    code = f"import os, numpy, nst_engine.images as i; os.write(1, i.encode(numpy.ones((4, 5, 3)), '{kind}', 90))"
    other = run([sys.executable, "-c", code], check=True, capture_output=True).stdout  # noqa: S603 - our own interpreter
    assert other == encode(np.ones((4, 5, 3), np.float32), kind, 90)


def test_writes_jpeg_at_full_chroma_resolution() -> None:
    image = Image.open(BytesIO(encode(decode(pixels()), "jpg", 95)))
    assert isinstance(image, ImageFile.ImageFile)
    assert {component[1:3] for component in image.layer} == {(1, 1)}  # type: ignore[attr-defined] # JPEG's own


@pytest.mark.parametrize("kind", ["jpg", "webp"])
def test_a_higher_quality_makes_a_larger_file(kind: str) -> None:
    noise = np.random.default_rng(0).random((64, 64, 3), np.float32)
    sizes = [len(encode(noise, kind, quality)) for quality in (1, 50, 100)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("quality", [1, 80, 94, 100])
@pytest.mark.parametrize("kind", FORMATS)
def test_writes_noise_larger_than_any_buffer(kind: str, quality: int) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (300, 300, 3)).astype(np.float32)
    assert decode(encode(noise, kind, quality)).shape == (300, 300, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", FORMATS)
def test_refuses_to_write_a_value_that_is_not_finite(kind: str, bad: float) -> None:
    picture = decode(pixels())
    picture[3, 4, 1] = bad
    with pytest.raises(ImageError, match="not finite"):
        encode(picture, kind, 95)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3), (3,)])
def test_refuses_to_write_an_array_that_is_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="no picture"):
        encode(np.zeros(shape, np.float32), "png", 95)


def test_refuses_a_picture_too_large_for_the_format() -> None:
    with pytest.raises(ImageError, match="16384 x 1 pixels do not fit webp"):
        encode(np.zeros((1, 16384, 3), np.float32), "webp", 95)


@pytest.mark.parametrize(("kind", "longest"), [("jpg", 65_500), ("webp", 16_383)])
def test_a_format_is_known_to_hold_the_sizes_that_it_holds(kind: str, longest: int) -> None:
    require_format(kind, longest, 1)
    assert encode(np.zeros((1, longest, 3), np.float32), kind, 95)
    for size in ((longest + 1, 1), (1, longest + 1)):
        with pytest.raises(ImageError, match=f"do not fit {kind}: {longest} a side are allowed; use png or tiff, or"):
            require_format(kind, *size)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_other_formats_hold_any_size_that_can_be_read(kind: str) -> None:
    require_format(kind, 70_000, 1)
    assert encode(np.zeros((1, 70_000, 3), np.float32), kind, 95)


def test_refuses_an_unknown_format_and_quality() -> None:
    with pytest.raises(ImageError, match="format='gif' is not known; use png, jpg, webp or tiff"):
        encode(decode(pixels()), "gif", 95)
    for quality in (0, 101):
        with pytest.raises(ImageError, match=f"quality={quality} is not allowed"):
            encode(decode(pixels()), "jpg", quality)


def test_writes_every_format_of_the_configuration() -> None:
    for kind in get_args(Format):
        assert decode(encode(decode(pixels()), kind, 95)).shape == (24, 32, 3)
