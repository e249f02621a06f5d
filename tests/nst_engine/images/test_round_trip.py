"""What is written can be read: every format, size, opacity, profile and provenance."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_engine.errors import ImageError
from nst_engine.images import encode, icc, limits, read_photograph, read_provenance
from nst_engine.images.icc import SRGB_ICC
from tests.nst_engine.files import FORMATS, display_p3, large_profile, linear_grey

USABLE = (SRGB_ICC, display_p3(), large_profile(1_200_000))
PROFILES = (*USABLE, None, linear_grey(), b"junk")
EXACT = {"png": 1 / 255, "tiff": 1 / 65535, "webp": 0.2, "jpg": 0.2}


@given(
    format=st.sampled_from(FORMATS),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    profile=st.sampled_from(PROFILES),
    quality=st.integers(90, 100),
    provenance=st.none() | st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=99), max_size=3),
    seed=st.integers(0, 99),
    opaque=st.booleans(),
)
def test_what_is_written_is_read(
    format: str,  # noqa: A002 - as in encode
    size: tuple[int, int],
    profile: bytes | None,
    quality: int,
    provenance: dict[str, Any] | None,
    seed: int,
    *,
    opaque: bool,
) -> None:
    rng = np.random.default_rng(seed)
    picture = np.full((*size, 3), 0.3, np.float32) + rng.random(3, np.float32) * np.float32(0.4)
    alpha = None if opaque or format == "jpg" else rng.random(size, np.float32)
    data = encode(picture, format, quality, alpha=alpha, icc=profile, provenance=provenance)
    photograph = read_photograph(data)
    usable = profile in USABLE
    assert photograph.icc == (profile if usable else SRGB_ICC)
    assert photograph.notes == ()
    assert read_provenance(data) == provenance
    most = max(EXACT[format], 3 / 255 if usable and profile != SRGB_ICC else 0)
    np.testing.assert_allclose(photograph.picture, picture, atol=most)
    if alpha is None:
        assert photograph.alpha is None
    else:
        np.testing.assert_allclose(photograph.alpha, alpha, atol=1 / 255)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_written_that_is_too_large_to_be_read(format: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: A002
    monkeypatch.setattr(limits, "MAX_PIXELS", 100)
    read_photograph(encode(np.zeros((10, 10, 3), np.float32), format, 95))
    with pytest.raises(ImageError, match=f"10 x 11 pixels do not fit {format}: .* 100 are allowed; scale it down"):
        encode(np.zeros((11, 10, 3), np.float32), format, 95)


@pytest.mark.parametrize("format", FORMATS)
def test_the_largest_profile_is_read_back_and_a_larger_one_is_not_written(format: str) -> None:  # noqa: A002
    picture, profile = np.full((4, 4, 3), 0.5, np.float32), large_profile(icc.MAX_PROFILE - 1000)
    assert read_photograph(encode(picture, format, 95, icc=profile)).icc == profile
    assert read_photograph(encode(picture, format, 95, icc=large_profile(icc.MAX_PROFILE))).icc == SRGB_ICC
