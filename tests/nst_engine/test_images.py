"""Picture files of every kind, the hostile ones made here, through the bridge between bytes and pixels."""

import os
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from subprocess import run
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms, ImageFile

from nst_engine import images
from nst_engine.config import Format
from nst_engine.errors import ImageError
from nst_engine.images import SUFFIXES, decode, encode, resize, save, size_within, thumbnail, to_uint8

FORMATS: tuple[Format, ...] = get_args(Format)
ORIENTATION = 274
RED, BLUE, WHITE = (1, 0, 0), (0, 0, 1), (1, 1, 1)

# ---------------------------------------------------------------- what the tests are made of


def pixels(height: int = 24, width: int = 32) -> npt.NDArray[np.uint8]:
    """A smooth uint8 picture in which no two quarters are alike."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1).astype(np.uint8)


def file_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The image as a file's bytes."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_tag(profile: bytes, tag: bytes, data: bytes) -> bytes:
    """The ICC profile with the beginning of one tag's data replaced."""
    (count,) = struct.unpack(">I", profile[128:132])
    for entry in range(132, 132 + 12 * count, 12):
        name, offset, _ = struct.unpack(">4sII", profile[entry : entry + 12])
        if name == tag:
            return profile[:offset] + data + profile[offset + len(data) :]
    raise KeyError(tag)


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def display_p3() -> bytes:
    """The sRGB profile with the primaries of Display P3, adapted to D50."""
    profile = with_tag(srgb(), b"rXYZ", xyz(0.51512, 0.24120, -0.00105))
    profile = with_tag(profile, b"gXYZ", xyz(0.29198, 0.69225, 0.04189))
    return with_tag(profile, b"bXYZ", xyz(0.15710, 0.06657, 0.78407))


def linear_grey() -> bytes:
    """A grey profile whose values are proportional to light."""
    profile = srgb().replace(b"rTRC", b"kTRC")
    profile = profile[:16] + b"GRAY" + profile[20:]
    return with_tag(profile, b"kTRC", b"para\0\0\0\0\0\0\0\0" + struct.pack(">i", 65536))


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG file that promises width x height pixels and holds none."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b"")


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def mean_colour(source: Any) -> npt.NDArray[np.float32]:
    mean: npt.NDArray[np.float32] = decode(source).mean(axis=(0, 1))
    return mean


def refusal(source: Any) -> str:
    """The text with which a source is refused."""
    with pytest.raises(ImageError) as caught:
        decode(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------- decode: sources


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
    Image.new("RGB", (16, 16), (200, 100, 50)).save(path)
    np.testing.assert_allclose(mean_colour(path), np.array([200, 100, 50]) / 255, atol=0.02)


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


# ---------------------------------------------------------------- decode: modes


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


# ---------------------------------------------------------------- decode: orientation and profiles


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_applies_the_exif_orientation(orientation: int, kind: str) -> None:
    upright = pixels()
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    data = file_of(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif(orientation))
    np.testing.assert_array_equal(to_uint8(decode(data)), upright)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_turns_pictures_of_every_mode(mode: str) -> None:
    image = Image.new(mode, (6, 4))
    image.info["exif"] = exif(6).tobytes()
    assert decode(image).shape == (6, 4, 3)


@pytest.mark.parametrize(
    "broken", [b"Exif\0\0junk", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x09", b""]
)
def test_passes_over_broken_exif_data(broken: bytes) -> None:
    image = Image.fromarray(pixels())
    image.info["exif"] = broken
    np.testing.assert_array_equal(to_uint8(decode(image)), pixels())


def test_turns_a_picture_whose_other_exif_data_cannot_be_written_again() -> None:
    image = Image.fromarray(pixels())
    entries = struct.pack(">HHII", 271, 4, 1, 7) + struct.pack(">HHIHH", ORIENTATION, 3, 1, 6, 0)
    image.info["exif"] = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 2) + entries + b"\0\0\0\0"
    assert decode(image).shape == (32, 24, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_converts_a_wide_gamut_profile_to_srgb(kind: str) -> None:
    p3_of_srgb_red = (234, 51, 35)
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    data = file_of(Image.new("RGB", (16, 16), p3_of_srgb_red), kind, icc_profile=display_p3(), **options)
    np.testing.assert_allclose(mean_colour(data), RED, atol=0.02)


def test_converts_the_profile_of_a_transparent_picture() -> None:
    image = Image.new("RGBA", (1, 1), (234, 51, 35, 51))
    np.testing.assert_allclose(mean_colour(file_of(image, "PNG", icc_profile=display_p3())), (1, 0.8, 0.8), atol=0.02)


def test_converts_the_profile_of_a_palette_picture() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([234, 51, 35])
    np.testing.assert_allclose(mean_colour(file_of(image, "PNG", icc_profile=display_p3())), RED, atol=0.02)


@pytest.mark.parametrize(("mode", "value"), [("L", 128), ("LA", (128, 255)), ("I;16", 128 * 257)])
def test_converts_a_grey_profile(mode: str, value: Any) -> None:
    data = file_of(Image.new(mode, (4, 4), value), "PNG", icc_profile=linear_grey())
    np.testing.assert_allclose(mean_colour(data), 188 / 255, atol=0.005)  # sRGB's curve takes half the light to 188


@pytest.mark.parametrize("profile", [b"junk", srgb()[:200], b"\0" * 588, linear_grey()])
def test_passes_over_a_profile_that_is_broken_or_does_not_fit(profile: bytes) -> None:
    data = file_of(Image.fromarray(pixels()), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(to_uint8(decode(data)), pixels())


def test_passes_over_the_profile_of_float_pictures() -> None:
    data = file_of(Image.new("F", (4, 4), 0.25), "TIFF", icc_profile=display_p3())
    np.testing.assert_array_equal(mean_colour(data), 0.25)


@pytest.mark.parametrize("space", ["LAB", "XYZ"])
def test_passes_over_a_profile_of_no_rgb_space(space: Any) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()
    data = file_of(Image.fromarray(pixels()), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(to_uint8(decode(data)), pixels())


def test_does_not_alter_the_pillow_image_it_is_given() -> None:
    image = Image.fromarray(pixels())
    image.info.update(exif=exif(6).tobytes(), icc_profile=display_p3())
    decode(image)
    assert image.size == (32, 24)
    np.testing.assert_array_equal(np.asarray(image), pixels())


# ---------------------------------------------------------------- decode: what is refused


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000"])
def test_refuses_a_file_cut_short(kind: str, share: float) -> None:
    data = file_of(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)), kind)
    assert "cannot be read" in refusal(data[: int(share * len(data))])


@given(data=st.data())
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_cut_file_is_refused_or_gives_all_its_pixels(kind: str, data: st.DataObject) -> None:
    whole = file_of(Image.fromarray(pixels()), kind)
    length = data.draw(st.integers(0, len(whole) - 1))
    with suppress(ImageError):
        np.testing.assert_array_equal(decode(whole[:length]), decode(whole))


@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]),
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
    assert refusal(str(empty)).startswith(
        f"picture {str(empty)!r} cannot be read: it is cut short, or none of PNG, JPEG"
    )
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
    assert images.MAX_PIXELS < 2 * Image.MAX_IMAGE_PIXELS


def test_refuses_more_pixels_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 24 * 32 - 1)
    text = refusal(file_of(Image.fromarray(pixels()), "PNG"))
    assert "32 x 24 pixels, 767 are allowed; scale it down" in text
    monkeypatch.setattr(images, "MAX_PIXELS", 24 * 32)
    assert decode(file_of(Image.fromarray(pixels()), "PNG")).shape == (24, 32, 3)


def test_pillows_own_bomb_alarm_neither_warns_nor_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of(Image.fromarray(pixels()), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24 * 32 - 1)
    assert decode(data).shape == (24, 32, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24)
    assert "decompression bomb" in refusal(data)


def test_leaves_the_global_state_of_pillow_and_of_warnings_alone() -> None:
    def state() -> tuple[Any, ...]:
        return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)

    data = file_of(Image.fromarray(pixels(256, 256)), "PNG")
    before = state()
    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(decode, [data] * 64))
    assert state() == before
    assert all(picture.shape == (256, 256, 3) for picture in pictures)


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


# ---------------------------------------------------------------- pixels to bytes


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
def test_comes_back_nearly_from_every_format(kind: Format) -> None:
    picture = decode(pixels(64, 64))
    assert np.abs(decode(encode(picture, kind, 95)) - picture).mean() < 0.02


@pytest.mark.parametrize("kind", FORMATS)
def test_tags_every_file_as_srgb(kind: Format) -> None:
    image = Image.open(BytesIO(encode(decode(pixels()), kind, 95)))
    profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert image.format == {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}[kind]


def test_the_srgb_tag_changes_no_colour() -> None:
    tag = Image.open(BytesIO(encode(decode(pixels()), "png", 95))).info["icc_profile"]
    assert tag[24:36] == struct.pack(">6H", 2000, 1, 1, 0, 0, 0)  # not the moment of writing
    converted = ImageCms.profileToProfile(Image.fromarray(pixels()), BytesIO(tag), BytesIO(srgb()))
    np.testing.assert_array_equal(np.asarray(converted), pixels())


@pytest.mark.parametrize("kind", FORMATS)
def test_equal_pictures_make_equal_files_in_every_process(kind: Format) -> None:
    code = f"import os, numpy, nst_engine.images as i; os.write(1, i.encode(numpy.ones((4, 5, 3)), '{kind}', 90))"
    other = run([sys.executable, "-c", code], check=True, capture_output=True).stdout  # noqa: S603 - our own interpreter
    assert other == encode(np.ones((4, 5, 3), np.float32), kind, 90)


def test_writes_jpeg_at_full_chroma_resolution() -> None:
    image = Image.open(BytesIO(encode(decode(pixels()), "jpg", 95)))
    assert isinstance(image, ImageFile.ImageFile)
    assert {component[1:3] for component in image.layer} == {(1, 1)}  # type: ignore[attr-defined] # JPEG's own


@pytest.mark.parametrize("kind", ["jpg", "webp"])
def test_a_higher_quality_makes_a_larger_file(kind: Format) -> None:
    noise = np.random.default_rng(0).random((64, 64, 3), np.float32)
    sizes = [len(encode(noise, kind, quality)) for quality in (1, 50, 100)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("quality", [1, 80, 94, 100])
@pytest.mark.parametrize("kind", FORMATS)
def test_writes_noise_larger_than_any_buffer(kind: Format, quality: int) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (300, 300, 3)).astype(np.float32)
    assert decode(encode(noise, kind, quality)).shape == (300, 300, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", FORMATS)
def test_refuses_to_write_a_value_that_is_not_finite(kind: Format, bad: float) -> None:
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


def test_refuses_an_unknown_format_and_quality() -> None:
    unknown: Any = "tiff"
    with pytest.raises(ImageError, match="format='tiff' is not known; use png, jpg or webp"):
        encode(decode(pixels()), unknown, 95)
    for quality in (0, 101):
        with pytest.raises(ImageError, match=f"quality={quality} is not allowed"):
            encode(decode(pixels()), "jpg", quality)


# ---------------------------------------------------------------- save


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".png", "PNG"), (".PNG", "PNG"), (".jpg", "JPEG"), (".jpeg", "JPEG"), (".webp", "WEBP")]
)
def test_the_suffix_decides_the_format(tmp_path: Path, suffix: str, kind: str) -> None:
    path = save(decode(pixels()), tmp_path / f"picture{suffix}")
    assert path == tmp_path / f"picture{suffix}"
    with Image.open(path) as image:
        assert image.format == kind


def test_saves_into_folders_that_are_not_there_yet(tmp_path: Path) -> None:
    path = save(decode(pixels()), str(tmp_path / "a" / "b" / "picture.png"))
    np.testing.assert_array_equal(to_uint8(decode(path)), pixels())


def test_saves_what_encode_makes(tmp_path: Path) -> None:
    picture = decode(pixels())
    assert save(picture, tmp_path / "p.jpg", 40).read_bytes() == encode(picture, "jpg", 40)
    assert save(picture, tmp_path / "p.jpg").read_bytes() == encode(picture, "jpg", 95)


@pytest.mark.parametrize("name", ["picture", "picture.tif", "picture.png.part"])
def test_refuses_a_suffix_it_cannot_write(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match=r"use \.png, \.jpg, \.jpeg or \.webp"):
        save(decode(pixels()), tmp_path / name)


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(decode(pixels()), tmp_path / "picture.png")
    old = path.read_bytes()

    def full(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ImageError, match=r"picture\.png' cannot be written: No space left on device"):
        save(1 - decode(pixels()), path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_refuses_a_target_that_is_a_folder_or_lies_below_a_file(tmp_path: Path) -> None:
    folder, file = tmp_path / "folder.png", tmp_path / "file"
    folder.mkdir()
    file.touch()
    for target in (folder, file / "picture.png"):
        with pytest.raises(ImageError, match="cannot be written"):
            save(decode(pixels()), target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_a_saved_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    assert save(decode(pixels()), tmp_path / "p.png").stat().st_mode == plain.stat().st_mode


# ---------------------------------------------------------------- thumbnails


@pytest.mark.parametrize(("side", "size"), [(16, (16, 12)), (32, (32, 24)), (500, (32, 24)), (1, (1, 1))])
def test_a_thumbnail_is_a_jpeg_that_is_never_enlarged(side: int, size: tuple[int, int]) -> None:
    image = Image.open(BytesIO(thumbnail(decode(pixels()), side)))
    assert image.format == "JPEG"
    assert image.size == size


def test_refuses_a_thumbnail_without_pixels() -> None:
    with pytest.raises(ImageError, match="of at least 1"):
        thumbnail(decode(pixels()), 0)
