"""JPEG files without their end."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nst_engine.errors import ImageError
from nst_engine.images import decode, read_photograph
from tests.nst_engine.files import file_of, pixels

KINDS: list[dict[str, Any]] = [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": "4:4:4"}]


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_file_without_its_end_is_read(options: dict[str, Any], mode: str, missing: int) -> None:
    data = file_of(Image.fromarray(pixels()).convert(mode), "JPEG", **options)
    photograph = read_photograph(data[:-missing], "a.jpg")
    if photograph.notes:  # a decoder may be content before it seeks the end
        assert photograph.notes == ("picture 'a.jpg' lacks its end; its pixels are all there",)
    np.testing.assert_array_equal(photograph.picture, read_photograph(data).picture)
    assert read_photograph(data).notes == ()


def test_a_note_says_that_the_end_is_missing() -> None:
    photograph = read_photograph(file_of(Image.fromarray(pixels()), "JPEG")[:-2], "a.jpg")
    assert photograph.notes == ("picture 'a.jpg' lacks its end; its pixels are all there",)


@given(options=st.sampled_from(KINDS), seed=st.integers(0, 99), missing=st.integers(1, 2000))
def test_a_file_that_lacks_more_is_refused_or_gives_all_its_pixels(
    options: dict[str, Any], seed: int, missing: int
) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), np.uint8)
    data = file_of(Image.fromarray(noise), "JPEG", **options)
    with suppress(ImageError):
        np.testing.assert_array_equal(decode(data[: -min(missing, len(data))]), decode(data))


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_a_file_whose_scans_are_not_all_there_is_refused(options: dict[str, Any]) -> None:
    data = file_of(Image.fromarray(pixels()), "JPEG", **options)
    with pytest.raises(ImageError, match="cannot be read"):
        decode(data[: data.rindex(b"\xff\xda")])
