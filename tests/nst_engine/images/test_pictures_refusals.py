"""`decode` refuses bad pictures, and does no harm."""

import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from nst_engine.errors import ImageError
from nst_engine.images import decode, limits
from tests.nst_engine.files import file_of, pixels, png_header, refusal


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "JPEG2000"])
def test_refuses_a_file_cut_short(kind: str, share: float) -> None:
    data = file_of(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)), kind)
    assert "cannot be read" in refusal(data[: int(share * len(data))])


@given(data=st.data())
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "HEIF"])
def test_a_cut_file_is_refused_or_gives_all_its_pixels(kind: str, data: st.DataObject) -> None:
    whole = file_of(Image.fromarray(pixels()), kind)
    length = data.draw(st.integers(0, len(whole) - 1))
    with suppress(ImageError):
        np.testing.assert_array_equal(decode(whole[:length]), decode(whole))


@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "HEIF"]),
    damage=st.dictionaries(st.integers(0, 400), st.integers(0, 255), min_size=1, max_size=6),
)
def test_a_damaged_file_raises_nothing_but_image_errors(kind: str, damage: dict[int, int]) -> None:
    data = bytearray(file_of(Image.fromarray(pixels(8, 8)), kind))
    for position, value in damage.items():
        data[position % len(data)] = value
    with suppress(ImageError):
        assert 0 <= decode(bytes(data)).mean() <= 1


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"]
)
def test_refuses_bytes_that_are_no_picture(data: bytes) -> None:
    assert f"picture of {len(data)} bytes cannot be read" in refusal(data)


def test_refuses_kinds_of_files_it_does_not_list() -> None:
    assert "none of PNG" in refusal(file_of(Image.fromarray(pixels()), "PCX"))


def test_names_the_path_it_refuses(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.png", tmp_path / "empty\n.png"
    empty.touch()
    assert refusal(missing) == f"picture {str(missing)!r} cannot be read: No such file or directory"
    assert refusal(str(empty)) == f"picture {str(empty)!r} cannot be read: it is empty; copy it again"
    assert "Is a directory" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((0, 4, 3)), "shape is (0, 4, 3)"),
        (np.zeros((4, 0)), "shape is (4, 0)"),
        (np.zeros(3), "shape is (3,)"),
        (np.zeros((4, 4, 4)), "use [height, width, 3]"),
        (np.zeros((4, 4, 3, 1)), "use [height, width, 3]"),
        (np.zeros((4, 4, 3), np.int64), "int64; use uint8"),
        (np.zeros((4, 4), bool), "bool; use uint8"),
        (np.full((4, 4, 3), np.nan), "finite values in [0, 1]"),
        (np.full((4, 4, 3), np.inf), "finite values in [0, 1]"),
        (np.full((4, 4, 3), -0.01), "from -0.01 to -0.01"),
        (np.full((4, 4, 3), 128.0), "from 128 to 128"),
    ],
)
def test_refuses_arrays_that_are_no_picture(array: npt.NDArray[Any], reason: str) -> None:
    assert reason in refusal(array)


@pytest.mark.parametrize("source", [None, 3, bytearray(b"x"), object()])
def test_refuses_what_is_no_source(source: Any) -> None:
    assert refusal(source).startswith(f"{type(source).__name__} cannot be read")


def test_refuses_a_pillow_image_without_pixels() -> None:
    assert "shape" in refusal(Image.new("RGB", (0, 5)))


@pytest.mark.parametrize("side", [11586, 14000, 50000, 2**31 - 1])
def test_refuses_a_decompression_bomb_by_its_header(side: int) -> None:
    assert "pixels" in refusal(png_header(side, side))


def test_the_largest_picture_is_ours_to_decide_not_pillows() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert limits.MAX_PIXELS < 2 * Image.MAX_IMAGE_PIXELS


def test_refuses_more_pixels_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PIXELS", 24 * 32 - 1)
    text = refusal(file_of(Image.fromarray(pixels()), "PNG"))
    assert "32 x 24 pixels, 767 are allowed; scale it down" in text
    monkeypatch.setattr(limits, "MAX_PIXELS", 24 * 32)
    assert decode(file_of(Image.fromarray(pixels()), "PNG")).shape == (24, 32, 3)


def test_pillows_own_bomb_alarm_neither_warns_nor_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of(Image.fromarray(pixels()), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24 * 32 - 1)
    assert decode(data).shape == (24, 32, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24)
    assert refusal(data).endswith("it has more than the 134217728 pixels that are allowed; scale it down")


def progressive(scans: int, before: bytes = b"") -> bytes:
    """A progressive JPEG file with its last scan repeated; `before` is put in front, as a segment."""
    data = file_of(Image.fromarray(pixels()), "JPEG", progressive=True)[2:-2]
    segment = b"\xff\xd8\xff\xec" + struct.pack(">H", len(before) + 2) + before
    return segment + data + data[data.rindex(b"\xff\xda") :] * scans + b"\xff\xd9"


def test_refuses_a_jpeg_file_that_goes_over_its_pixels_again_and_again() -> None:
    assert refusal(progressive(1000)).endswith("it has 501 scans or more, 500 are allowed; save it anew")
    assert decode(progressive(400)).shape == (24, 32, 3)


@pytest.mark.parametrize("harmless", [b"\xff\xda", b"\xff\xda\0\x0c", b"\xff\xd9"])
def test_bytes_that_look_like_a_scan_do_no_harm(harmless: bytes) -> None:
    expected = decode(progressive(0))
    for data in (progressive(0, harmless * 1000), progressive(0) + harmless * 1000):
        np.testing.assert_array_equal(decode(data), expected)


def test_scans_after_a_false_end_are_counted() -> None:
    assert "scans or more" in refusal(progressive(1000, b"\xff\xd9" * 9))


def test_leaves_the_global_state_of_pillow_and_of_warnings_alone() -> None:
    def state() -> tuple[Any, ...]:
        return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)

    data = file_of(Image.fromarray(pixels(256, 256)), "PNG")
    before = state()
    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(decode, [data] * 64))
    assert state() == before
    assert all(picture.shape == (256, 256, 3) for picture in pictures)
