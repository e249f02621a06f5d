"""16-bit colour, in and out."""

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given
from hypothesis.extra import numpy as arrays
from PIL import Image

from nst_engine.errors import ImageError
from nst_engine.images import decode, encode, read_photograph
from nst_engine.images.icc import SRGB_ICC
from tests.nst_engine.files import display_p3, exif, png16, png_chunk

NOISE = np.random.default_rng(0).integers(0, 65536, (24, 40, 4), np.uint16)
OPAQUE = np.ascontiguousarray(NOISE[..., :3])
LAYOUTS: list[dict[str, Any]] = [
    {"byteorder": byteorder} | layout | tiles
    for byteorder in "<>"
    for layout in ({"compression": "zlib"}, {"planarconfig": "separate"}, {})
    for tiles in ({}, {"tile": (16, 16)})
]


def tiff16(samples: npt.NDArray[np.uint16], **options: Any) -> bytes:
    file = BytesIO()
    if options.get("planarconfig") == "separate":
        samples = np.moveaxis(samples, 2, 0)
    extra = ("unassalpha",) if 4 in (samples.shape[0], samples.shape[2]) else None
    tifffile.imwrite(file, samples, photometric="rgb", extrasamples=extra, metadata=None, **options)
    return file.getvalue()


def exactly(samples: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(65535)


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("options", LAYOUTS, ids=str)
def test_reads_all_bits_of_a_tiff(options: dict[str, Any]) -> None:
    np.testing.assert_array_equal(decode(tiff16(OPAQUE, **options)), exactly(OPAQUE))


@pytest.mark.parametrize("byteorder", "<>")
def test_reads_eight_bits_of_a_tiff_compressed_plane_by_plane(byteorder: str) -> None:
    data = tiff16(OPAQUE, byteorder=byteorder, planarconfig="separate", compression="zlib")
    np.testing.assert_allclose(decode(data), (OPAQUE >> 8) / np.float32(255), atol=1e-6)


@pytest.mark.parametrize("byteorder", "<>")
def test_reads_all_bits_of_a_tiff_with_opacity(byteorder: str) -> None:
    photograph = read_photograph(tiff16(NOISE, byteorder=byteorder, compression="zlib"))
    np.testing.assert_array_equal(photograph.picture, exactly(OPAQUE))
    np.testing.assert_array_equal(photograph.alpha, exactly(NOISE[..., 3]))


def test_reads_all_bits_of_a_png() -> None:
    np.testing.assert_array_equal(decode(png16(OPAQUE)), exactly(OPAQUE))
    photograph = read_photograph(png16(NOISE))
    np.testing.assert_array_equal(photograph.picture, exactly(OPAQUE))
    np.testing.assert_array_equal(photograph.alpha, exactly(NOISE[..., 3]))


def test_the_transparent_colour_of_a_deep_png_is_compared_in_all_its_bits() -> None:
    colours = np.array([[[258, 3, 4], [259, 3, 4]]], np.uint16)
    photograph = read_photograph(png16(colours, png_chunk(b"tRNS", colours[0, 0].astype(">u2").tobytes())))
    assert photograph.alpha is not None
    assert photograph.alpha.tolist() == [[0, 1]]


def test_turns_both_halves() -> None:
    turned = png16(OPAQUE, png_chunk(b"eXIf", exif(6).tobytes().removeprefix(b"Exif\0\0")))
    np.testing.assert_array_equal(decode(turned), np.rot90(exactly(OPAQUE), -1))
    np.testing.assert_array_equal(decode(tiff16(OPAQUE, extratags=[(274, "H", 1, 3)])), exactly(OPAQUE)[::-1, ::-1])


def test_a_profile_other_than_ours_leaves_eight_bits() -> None:
    steps = decode(tiff16(OPAQUE, iccprofile=display_p3())) * 255
    np.testing.assert_allclose(steps, steps.round(), atol=1e-4)
    np.testing.assert_array_equal(decode(tiff16(OPAQUE, iccprofile=SRGB_ICC)), exactly(OPAQUE))


def test_premultiplied_colours_have_eight_bits() -> None:
    file = BytesIO()
    samples = np.full((2, 2, 4), 32768, np.uint16)
    tifffile.imwrite(file, samples, photometric="rgb", extrasamples=("assocalpha",))
    photograph = read_photograph(file.getvalue())
    assert photograph.alpha is not None
    np.testing.assert_allclose(photograph.picture, 1, atol=0.01)
    np.testing.assert_allclose(photograph.alpha, 0.5, atol=0.01)


def test_a_pillow_image_is_left_as_it_is() -> None:
    image = Image.open(BytesIO(png16(OPAQUE)))
    np.testing.assert_array_equal(decode(image), (OPAQUE >> 8).astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(np.asarray(image), OPAQUE >> 8)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_refuses_deep_files_cut_short(share: float) -> None:
    for data in (png16(OPAQUE), tiff16(OPAQUE), tiff16(OPAQUE, compression="zlib")):
        with pytest.raises(ImageError, match="cannot be read"):
            decode(data[: int(share * len(data))])


# ---------------------------------------------------------------- writing


@given(arrays.arrays(np.uint16, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9).map(lambda s: (*s, 4))))
def test_a_tiff_comes_back_exactly(samples: npt.NDArray[np.uint16]) -> None:
    picture, alpha = exactly(samples[..., :3]), exactly(samples[..., 3])
    again = read_photograph(encode(picture, "tiff", 95, alpha=alpha))
    np.testing.assert_array_equal(again.picture, picture)
    np.testing.assert_array_equal(again.alpha, alpha)
    np.testing.assert_array_equal(decode(encode(picture, "tiff", 95)), picture)


def test_a_tiff_is_what_other_programs_read() -> None:
    data = encode(exactly(OPAQUE), "tiff", 95, alpha=exactly(NOISE[..., 3]))
    with tifffile.TiffFile(BytesIO(data)) as file:
        page: Any = file.pages[0]
        assert (page.compression.name, page.predictor.name) == ("ADOBE_DEFLATE", "HORIZONTAL")
        assert [sample.name for sample in page.extrasamples] == ["UNASSALPHA"]
        assert page.tags[34675].value == SRGB_ICC
        np.testing.assert_array_equal(page.asarray(), NOISE)


def test_a_smooth_tiff_is_smaller_than_its_pixels() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 500, dtype=np.float32)[:, np.newaxis], (300, 500, 3))
    assert len(encode(np.ascontiguousarray(ramp), "tiff", 95)) < 300 * 500 * 6 / 10
