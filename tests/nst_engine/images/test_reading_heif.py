"""HEIF files, as phones write them: read as any other."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from PIL import Image

from nst_engine.images import decode, read_photograph
from tests.nst_engine.files import RED, display_p3, exif, file_of, mean_colour, pixels, refusal

LOSS = 0.03
"""Largest mean change of a value by compression."""


def heif(*images: Image.Image, **options: Any) -> bytes:
    """Several images as one file's bytes."""
    several, file = pillow_heif.HeifFile(), BytesIO()
    for image in images:
        several.add_from_pillow(image)
    several.save(file, **options)
    return file.getvalue()


def heif_of(mode: str, values: npt.NDArray[Any]) -> bytes:
    """Values of a mode that Pillow may not have, as a file's bytes."""
    file, (height, width) = BytesIO(), values.shape[:2]
    pillow_heif.from_bytes(mode, (width, height), values.tobytes()).save(file, quality=95)
    return file.getvalue()


def with_size(width: int, height: int, side: int = 24) -> bytes:
    """A file of a square that says that it has other pixels; one of 24 is cropped out of one of 64 as it is read."""
    data = bytearray(file_of(Image.fromarray(pixels(side, side)), "HEIF"))
    said = data.index(b"ispe") + 8
    data[said : said + 8] = struct.pack(">II", width, height)
    return bytes(data)


def test_reads_colours() -> None:
    assert np.abs(decode(file_of(Image.fromarray(pixels()), "HEIF", quality=95)) - pixels() / 255).mean() < LOSS


@pytest.mark.parametrize("orientation", range(1, 9))
def test_puts_a_picture_upright_once(orientation: int) -> None:
    quarters = Image.fromarray(
        np.kron([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.ones((32, 48, 1))).astype(np.uint8)
    )
    stored = file_of(quarters, "TIFF", exif=exif(orientation))
    turned = file_of(quarters, "HEIF", quality=95, exif=exif(orientation).tobytes())
    assert np.abs(decode(turned) - decode(stored)).mean() < LOSS


def test_converts_a_wide_gamut_profile_and_hands_it_on() -> None:
    data = file_of(Image.new("RGB", (64, 64), (234, 51, 35)), "HEIF", quality=100, icc_profile=display_p3())
    np.testing.assert_allclose(mean_colour(data), RED, atol=LOSS)
    assert read_photograph(data).icc == display_p3()


@pytest.mark.parametrize("mode", ["RGBA", "RGBa"])
def test_reads_colours_and_opacity_apart(mode: str) -> None:
    stored = pixels() // 2 if mode == "RGBa" else pixels()
    photograph = read_photograph(heif_of(mode, np.dstack([stored, np.full((24, 32), 128, np.uint8)])))
    assert photograph.alpha is not None
    assert np.abs(photograph.alpha - 128 / 255).max() < LOSS
    assert np.abs(photograph.picture - pixels() / 255).mean() < LOSS


@pytest.mark.parametrize("mode", ["RGB;16", "L;16"])
def test_reads_ten_bits(mode: str) -> None:
    values = pixels() if mode == "RGB;16" else pixels()[..., :1]
    picture = decode(heif_of(mode, values.astype(np.uint16) * 257))
    assert np.abs(picture - values / 255).mean() < LOSS


def test_of_several_pictures_the_primary_is_read_and_a_note_says_so() -> None:
    grey, smooth = Image.new("RGB", (40, 30), (99, 99, 99)), Image.fromarray(pixels())
    photograph = read_photograph(heif(grey, smooth, primary_index=1, quality=95), "cat.heic")
    assert photograph.notes == ("picture 'cat.heic' has several pictures; the one that it calls its primary was used",)
    assert np.abs(photograph.picture - pixels() / 255).mean() < LOSS


@pytest.mark.parametrize(("side", "reason"), [(64, "scale it down"), (24, "before it is cropped")])
def test_refuses_too_many_pixels_before_it_decodes_any(side: int, reason: str) -> None:
    assert "134217728" in refusal(with_size(2**14, 2**14, side))
    assert reason in refusal(with_size(2**14, 2**14, side))


@pytest.mark.parametrize("size", [(1, 1), (33, 24), (4096, 4096)])
def test_refuses_a_file_that_lies_of_its_size(size: tuple[int, int]) -> None:
    assert "does not have the size" in refusal(with_size(*size))
