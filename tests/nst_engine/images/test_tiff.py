"""TIFF: which page is the picture, and what its values mean."""

import struct
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nst_engine.errors import ImageError
from nst_engine.images import decode, limits, read_photograph
from tests.nst_engine.files import display_p3, file_of, pixels, refusal

SHARES = pixels() / np.float64(255)
OPACITY = np.linspace(0, 1, SHARES[..., 0].size).reshape(SHARES.shape[:2])
FLOATS = (np.float16, np.float32, np.float64)


def samples(shares: npt.NDArray[Any], dtype: Any) -> npt.NDArray[Any]:
    """Shares of the greatest value, as samples."""
    if np.dtype(dtype).kind == "f":
        return shares.astype(dtype)
    return np.round(shares * float(np.iinfo(dtype).max)).astype(dtype)


def tiff(values: npt.NDArray[Any], **options: Any) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


def pages(*each: tuple[npt.NDArray[Any], dict[str, Any]]) -> bytes:
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for values, options in each:
            writer.write(values, photometric="rgb", metadata=None, **options)
    return file.getvalue()


def twelve_bit(values: npt.NDArray[Any]) -> bytes:
    """An uncompressed TIFF of 12-bit grey; its width is even."""
    height, width = values.shape
    pairs = values.reshape(-1, 2).astype(np.uint16)
    packed = np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], 1)
    data = packed.astype(np.uint8).tobytes()
    fields = [(256, width), (257, height), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, height)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in [*fields, (279, len(data))])
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", 9) + entries + b"\0\0\0\0"


# ---------------------------------------------------------------- values


@given(
    dtype=st.sampled_from([np.uint8, np.uint16, np.uint32, *FLOATS]),
    photometric=st.sampled_from(["minisblack", "miniswhite", "rgb"]),
    extra=st.sampled_from([None, "unassalpha", "assocalpha", "unspecified"]),
    byteorder=st.sampled_from("<>"),
    planar=st.booleans(),
    big=st.booleans(),
)
def test_values_mean_what_the_file_says(
    dtype: Any, photometric: str, extra: str | None, byteorder: str, *, planar: bool, big: bool
) -> None:
    if dtype is np.uint8 and (extra or byteorder == ">"):
        return  # libtiff's own affair
    colours = SHARES if photometric == "rgb" else SHARES[..., :1]
    planes = [colours * OPACITY[..., np.newaxis] if extra == "assocalpha" else colours]
    planes[0] = 1 - planes[0] if photometric == "miniswhite" else planes[0]
    values = samples(np.concatenate([*planes, *([OPACITY[..., np.newaxis]] if extra else [])], axis=2), dtype)
    options: dict[str, Any] = {"photometric": photometric, "byteorder": byteorder, "bigtiff": big}
    options |= {"extrasamples": [extra]} if extra else {}
    if values.shape[2] == 1:
        data = tiff(values[..., 0], **options)
    elif planar:
        data = tiff(np.moveaxis(values, 2, 0), planarconfig="separate", **options)
    else:
        data = tiff(values, planarconfig="contig", **options)
    if extra == "assocalpha" and photometric == "miniswhite":
        return  # nothing says whether premultiplied white is 0
    photograph = read_photograph(data)
    step = {np.uint8: 1e-2, np.float16: 1e-3}.get(dtype, 1e-4)
    seen = OPACITY > 0.01
    expected = np.broadcast_to(colours, SHARES.shape)
    np.testing.assert_allclose(
        photograph.picture[seen], expected[seen], atol=step * (50 if extra == "assocalpha" else 1)
    )
    assert bool(photograph.notes) == (extra == "unspecified")
    if extra in ("unassalpha", "assocalpha"):
        np.testing.assert_allclose(photograph.alpha, OPACITY, atol=step)
    else:
        assert photograph.alpha is None


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_sixteen_bit_grey_may_be_compressed_and_white_may_be_zero(photometric: str, compression: str | None) -> None:
    grey = SHARES[..., 0]
    data = tiff(
        samples(1 - grey if photometric == "miniswhite" else grey, np.uint16),
        photometric=photometric,
        compression=compression,
    )
    np.testing.assert_allclose(decode(data)[..., 1], grey, atol=1e-5)


def test_depths_between_eight_and_sixteen_bits_are_as_bright() -> None:
    values = np.round(SHARES[..., 0] * 4095).astype(np.uint16)
    np.testing.assert_allclose(decode(twelve_bit(values))[..., 0], values / 4095, atol=1e-6)


def test_float_and_deep_colours_are_converted_by_their_profile() -> None:
    expected = decode(file_of(Image.fromarray(pixels()), "PNG", icc_profile=display_p3()))
    for dtype in (np.uint16, np.float32):
        data = tiff(samples(SHARES, dtype), photometric="rgb", iccprofile=display_p3())
        np.testing.assert_allclose(decode(data), expected, atol=0.01)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_deep_pictures_as_others(dtype: Any, orientation: int) -> None:
    tags = [(274, "H", 1, orientation, True)]
    expected = decode(tiff(pixels(), photometric="rgb", extratags=tags))
    np.testing.assert_allclose(
        decode(tiff(samples(SHARES, dtype), photometric="rgb", extratags=tags)), expected, atol=0.01
    )


# ---------------------------------------------------------------- pages


SMALL = np.ascontiguousarray(pixels()[::4, ::4])


@pytest.mark.parametrize(("byteorder", "big"), [("<", False), ("<", True), (">", False)])
@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_smaller_version_in_front_is_passed_over(*, byteorder: str, big: bool, within: bool, dtype: Any) -> None:
    file = BytesIO()
    with tifffile.TiffWriter(file, byteorder=byteorder, bigtiff=big) as writer:
        writer.write(SMALL, photometric="rgb", subfiletype=1, subifds=int(within), metadata=None)
        writer.write(samples(SHARES, dtype), photometric="rgb", compression="zlib", metadata=None)
    photograph = read_photograph(file.getvalue(), "a.tif")
    np.testing.assert_allclose(photograph.picture, SHARES, atol=1e-4)
    assert photograph.notes == ("picture 'a.tif' begins with a smaller version of the picture, which was passed over",)


def test_where_every_page_is_a_smaller_version_the_first_is_read() -> None:
    data = pages((pixels(), {"subfiletype": 1}), (SMALL, {"subfiletype": 1}))
    assert decode(data).shape == SHARES.shape


def test_smaller_versions_within_the_page_deserve_no_note() -> None:
    assert read_photograph(pages((pixels(), {"subifds": 1}), (SMALL, {"subfiletype": 1}))).notes == ()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            tiff(samples(SHARES, np.float32), photometric="rgb", compression="zlib"),
            "its 3 x 32 bits a pixel (IEEEFP, RGB, ADOBE_DEFLATE) are not read; "
            "save it with unsigned whole numbers of 8 or 16 bits a sample, or without compression",
        ),
        (
            tiff(pixels(), photometric="rgb", byteorder=">", bigtiff=True),
            "it is BigTIFF with the high byte first, read in 16 bits without compression only; save it anew",
        ),
        (
            tiff(np.zeros((4, 4), np.int16)),
            "its 1 x 16 bits a pixel (INT, MINISBLACK, NONE) are not read; "
            "save it with unsigned whole numbers of 8 or 16 bits a sample",
        ),
        (tiff(np.zeros((4, 4), np.int8)), "its 1 x 8 bits a pixel (INT, MINISBLACK, NONE) are not read"),
        (tiff(np.zeros((4, 4), np.complex64)), "(COMPLEXIEEEFP, MINISBLACK, NONE) are not read"),
        (tiff(np.full((4, 4, 3), 2, np.float32), photometric="rgb"), "its values go from 2 to 2; use finite values in"),
        (tiff(np.full((4, 4), np.nan, np.float32)), "use finite values in [0, 1]"),
        (tiff(np.zeros((4, 6, 8), np.uint8), volumetric=True, photometric="minisblack"), "a volume of 4 layers"),
    ],
)
def test_what_is_refused_is_called_by_its_name(data: bytes, reason: str) -> None:
    assert reason in refusal(data)


def test_refuses_more_pixels_than_allowed_on_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pages((SMALL, {"subfiletype": 1}), (samples(SHARES, np.uint16), {}))
    monkeypatch.setattr(limits, "MAX_PIXELS", SHARES[..., 0].size - 1)
    assert "32 x 24 pixels, 767 are allowed; scale it down" in refusal(data)


@given(damage=st.dictionaries(st.integers(0, 400), st.integers(0, 255), min_size=1, max_size=6), deep=st.booleans())
def test_a_damaged_file_raises_nothing_but_image_errors(damage: dict[int, int], *, deep: bool) -> None:
    values = samples(SHARES[:8, :8], np.uint16 if deep else np.uint8)
    data = bytearray(pages((SMALL, {"subfiletype": 1}), (values, {})))
    for position, value in damage.items():
        data[position % len(data)] = value
    with suppress(ImageError):
        assert 0 <= decode(bytes(data)).mean() <= 1
