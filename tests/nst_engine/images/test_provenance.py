"""How a picture came about, embedded in each format and read back."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nst_engine.config import TransferConfig
from nst_engine.errors import ImageError
from nst_engine.images import decode, encode, read_provenance
from nst_engine.images.provenance import MAX_CHARACTERS
from tests.nst_engine.files import FORMATS, file_of, pixels

HISTORY = 37395
NAMES = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tiff": "TIFF"}
VALUES: dict[str, Any] = {
    "config": TransferConfig().to_dict(),
    "title": "Über den\nDächern \u0000 \U0001f307",
    "losses": [0.1, 1e-300, None, True],
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def with_provenance(kind: str, values: dict[str, Any]) -> bytes:
    return encode(decode(pixels()), kind, 95, provenance=values)


def with_text(kind: str, text: str) -> bytes:
    """A file with that text where provenance would stand."""
    if kind == "png":
        chunks = PngInfo()
        chunks.add_text("nightbrush", text)
        return file_of(Image.fromarray(pixels()), "PNG", pnginfo=chunks)
    tags = Image.Exif()
    tags[HISTORY] = f"nightbrush {text}"
    return file_of(Image.fromarray(pixels()), NAMES[kind], exif=tags)


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize("kind", FORMATS)
def test_comes_back_from_every_format(kind: str) -> None:
    assert read_provenance(with_provenance(kind, VALUES)) == VALUES


@pytest.mark.parametrize("kind", FORMATS)
@given(values=st.dictionaries(st.text(max_size=9), json_values, max_size=4))
def test_whatever_json_can_carry_comes_back(kind: str, values: dict[str, Any]) -> None:
    assert read_provenance(encode(np.zeros((1, 1, 3), np.float32), kind, 95, provenance=values)) == values


@pytest.mark.parametrize("kind", FORMATS)
def test_is_read_from_a_path_and_a_pillow_image_too(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture"
    path.write_bytes(with_provenance(kind, VALUES))
    assert read_provenance(path) == read_provenance(str(path)) == VALUES
    with Image.open(path) as image:
        assert read_provenance(image) == VALUES


@pytest.mark.parametrize("source", FORMATS[1:])
@pytest.mark.parametrize("target", NAMES.values())
def test_survives_a_program_that_keeps_exif_data(source: str, target: str) -> None:
    image = Image.open(BytesIO(with_provenance(source, VALUES)))
    assert read_provenance(file_of(image, target, exif=image.getexif())) == VALUES


def test_stands_in_a_png_where_any_tool_shows_it() -> None:
    image: Any = Image.open(BytesIO(with_provenance("png", VALUES)))
    assert json.loads(image.text["nightbrush"]) == VALUES


@pytest.mark.parametrize("kind", FORMATS)
def test_changes_no_pixel(kind: str) -> None:
    picture = decode(pixels())
    np.testing.assert_array_equal(decode(with_provenance(kind, VALUES)), decode(encode(picture, kind, 95)))


@pytest.mark.parametrize("kind", FORMATS)
def test_equal_provenance_makes_equal_files(kind: str) -> None:
    assert with_provenance(kind, {"a": 1, "b": 2}) == with_provenance(kind, {"b": 2, "a": 1})


# ---------------------------------------------------------------- what is not ours


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_without_it_has_none(kind: str) -> None:
    assert read_provenance(encode(decode(pixels()), kind, 95)) is None


def test_arrays_and_plain_images_have_none() -> None:
    assert read_provenance(pixels()) is None
    assert read_provenance(Image.fromarray(pixels())) is None


@pytest.mark.parametrize("history", ["{}", "cropped in 2019", "nightbrushes {}", b"\xff\xfe", 7])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_the_history_of_another_program_is_none(kind: str, history: Any) -> None:
    tags = Image.Exif()
    tags[HISTORY] = history
    assert read_provenance(file_of(Image.fromarray(pixels()), kind, exif=tags)) is None


@pytest.mark.parametrize(
    "broken", [b"Exif\0\0junk", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x09"]
)
def test_broken_exif_data_is_none(broken: bytes) -> None:
    image = Image.fromarray(pixels())
    image.info["exif"] = broken
    assert read_provenance(image) is None


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("text", ["", "{", '{"a":1', "[1]", "3", "[" * 50_000])
@pytest.mark.parametrize("kind", FORMATS)
def test_refuses_provenance_that_is_damaged(kind: str, text: str) -> None:
    with pytest.raises(ImageError, match=r"picture of \d+ bytes cannot be read: its provenance is damaged") as caught:
        read_provenance(with_text(kind, text))
    assert "\n" not in str(caught.value)


def test_refuses_to_read_it_from_what_is_no_picture(tmp_path: Path) -> None:
    for source in (b"not a picture", tmp_path / "missing.png"):
        with pytest.raises(ImageError, match="cannot be read"):
            read_provenance(source)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {1, 2}])
def test_refuses_to_write_what_json_cannot_carry(kind: str, value: Any) -> None:
    with pytest.raises(ImageError, match=r"provenance cannot be written: .*; use what JSON can carry"):
        with_provenance(kind, {"value": value})


@pytest.mark.parametrize("kind", FORMATS)
def test_the_longest_provenance_fits_every_format(kind: str) -> None:
    longest = {"a": "x" * (MAX_CHARACTERS - len('{"a":""}'))}
    assert read_provenance(with_provenance(kind, longest)) == longest
    with pytest.raises(ImageError, match="60001 characters as JSON; use at most 60000"):
        with_provenance(kind, {"a": longest["a"] + "x"})
