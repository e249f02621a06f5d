"""Where pictures come from and what sizes they take, through the bridge between bytes and pixels."""

import sys
from io import BytesIO
from pathlib import Path
from subprocess import run
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nst_engine.errors import ImageError
from nst_engine.images import SUFFIXES, UNREAD_SUFFIXES, decode, resize, size_within, thumbnail, to_uint8
from tests.nst_engine.files import file_of, mean_colour, pixels

# ---------------------------------------------------------------- sources


def test_reads_a_path_bytes_a_pillow_image_and_an_array_alike(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(pixels()).save(path)
    for source in (path, str(path), path.read_bytes(), Image.open(path), pixels()):
        picture = decode(source)
        assert picture.dtype == np.float32
        assert picture.flags.c_contiguous
        np.testing.assert_array_equal(picture, pixels().astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_takes_float_arrays_as_they_are(dtype: type) -> None:
    array: npt.NDArray[Any] = np.linspace(0, 1, 60, dtype=dtype).reshape(4, 5, 3)
    np.testing.assert_array_equal(decode(array), array.astype(np.float32))


def test_takes_grey_arrays() -> None:
    array = np.array([[0, 255], [51, 102]], dtype=np.uint8)
    np.testing.assert_allclose(decode(array), np.repeat([[[0.0], [1.0]], [[0.2], [0.4]]], 3, axis=2))


def test_copies_an_array() -> None:
    array = np.zeros((2, 2, 3), np.float32)
    decode(array)[:] = 1
    assert not array.any()


def test_takes_an_array_in_any_memory_layout() -> None:
    turned = decode(pixels()).transpose(1, 0, 2)[::-1]
    np.testing.assert_array_equal(decode(turned), turned)
    assert decode(turned).flags.c_contiguous


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_reads_every_suffix_it_lists(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(file_of(Image.new("RGB", (16, 16), (200, 100, 50)), Image.registered_extensions()[suffix]))
    np.testing.assert_allclose(mean_colour(path), np.array([200, 100, 50]) / 255, atol=0.02)


def test_a_suffix_is_read_or_not() -> None:
    assert not SUFFIXES & UNREAD_SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES | UNREAD_SUFFIXES)


def test_knows_a_file_by_its_contents_not_its_suffix(tmp_path: Path) -> None:
    path = tmp_path / "lying.jpg"
    path.write_bytes(file_of(Image.fromarray(pixels()), "PNG"))
    np.testing.assert_array_equal(to_uint8(decode(path)), pixels())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors where Linux lists them")
def test_leaves_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(pixels()).save(path)
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        decode(path)
    assert len(list(descriptors.iterdir())) == before


def test_loads_neither_tensorflow_nor_prefect() -> None:
    code = "import sys, nst_engine.images; sys.exit(bool({'tensorflow', 'keras', 'prefect'} & set(sys.modules)))"
    assert run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own interpreter


# ---------------------------------------------------------------- sizes

lengths = st.integers(1, 20000)


@given(width=lengths, height=lengths, side=lengths)
def test_the_long_side_is_exact_and_the_short_one_the_nearest(width: int, height: int, side: int) -> None:
    long, short = sorted(size_within(width, height, side), reverse=True)
    ideal = side * min(width, height) / max(width, height)
    assert long == side
    assert abs(short - max(1, ideal)) <= 0.5 + 1e-9


@given(width=lengths, height=lengths, side=lengths)
def test_a_size_turns_with_its_picture(width: int, height: int, side: int) -> None:
    assert size_within(width, height, side) == size_within(height, width, side)[::-1]


@given(width=lengths, height=lengths)
def test_no_side_keeps_the_size(width: int, height: int) -> None:
    assert size_within(width, height, None) == (width, height) == size_within(width, height, max(width, height))


@pytest.mark.parametrize(
    ("size", "side", "expected"), [((3, 2), 512, (512, 341)), ((1, 5000), 100, (1, 100)), ((7, 7), 1, (1, 1))]
)
def test_sizes_by_example(size: tuple[int, int], side: int, expected: tuple[int, int]) -> None:
    assert size_within(*size, side) == expected


@pytest.mark.parametrize("lengths", [(0, 5, 4), (5, 0, 4), (5, 5, 0), (5, 5, -1), (0, 0, None)])
def test_refuses_a_length_below_one(lengths: tuple[int, int, int | None]) -> None:
    with pytest.raises(ImageError, match="of at least 1"):
        size_within(*lengths)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 40), (32, 24), (100, 3)])
def test_resizes_to_the_size_asked_for(width: int, height: int) -> None:
    resized = resize(decode(pixels()), width, height)
    assert resized.shape == (height, width, 3)
    assert resized.dtype == np.float32
    assert resized.flags.c_contiguous


def test_resizing_to_the_own_size_changes_nothing() -> None:
    picture = decode(pixels())
    np.testing.assert_array_equal(resize(picture, 32, 24), picture)


@given(level=st.floats(0, 1, width=32), width=st.integers(1, 40), height=st.integers(1, 40))
def test_resizing_keeps_a_plain_colour(level: float, width: int, height: int) -> None:
    plain = np.full((9, 11, 3), level, np.float32)
    np.testing.assert_allclose(resize(plain, width, height), level, atol=1e-6)


def test_resizing_is_antialiased_and_keeps_the_channels_apart() -> None:
    stripes = np.zeros((64, 64, 3), np.float32)
    stripes[:, ::2, 0] = 1
    np.testing.assert_allclose(resize(stripes, 8, 8)[2:-2, 2:-2].mean(axis=(0, 1)), (0.5, 0, 0), atol=0.02)


def test_resizing_clips_what_rings() -> None:
    edge = np.zeros((8, 8, 3), np.float32)
    edge[:, 4:] = 1
    larger = resize(edge, 64, 64)
    assert larger.min() == 0
    assert larger.max() == 1


def test_refuses_to_resize_to_nothing() -> None:
    with pytest.raises(ImageError, match="0 x 5 is no size"):
        resize(decode(pixels()), 0, 5)


# ---------------------------------------------------------------- thumbnails


@pytest.mark.parametrize(("side", "size"), [(16, (16, 12)), (32, (32, 24)), (500, (32, 24)), (1, (1, 1))])
def test_a_thumbnail_is_a_jpeg_that_is_never_enlarged(side: int, size: tuple[int, int]) -> None:
    image = Image.open(BytesIO(thumbnail(decode(pixels()), side)))
    assert image.format == "JPEG"
    assert image.size == size


def test_refuses_a_thumbnail_without_pixels() -> None:
    with pytest.raises(ImageError, match="of at least 1"):
        thumbnail(decode(pixels()), 0)
