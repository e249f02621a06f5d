"""The opacity, ICC profile and origin of a photograph."""

import os
import struct
import tracemalloc
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from nst_engine.errors import ImageError
from nst_engine.images import decode, encode, read_photograph, to_uint8
from nst_engine.images.reading import Origin
from tests.nst_engine.files import RED, display_p3, exif, file_of, linear_grey, pixels, png16, png_chunk

OPACITY = np.arange(24 * 32, dtype=np.uint8).reshape(24, 32)
RGBA = np.dstack([pixels(), OPACITY])


# ---------------------------------------------------------------- opacity


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_reads_colours_and_opacity_apart(kind: str) -> None:
    options: dict[str, Any] = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    photograph = read_photograph(file_of(Image.fromarray(RGBA), kind, **options))
    assert photograph.alpha is not None
    assert photograph.alpha.dtype == np.float32
    np.testing.assert_array_equal(photograph.alpha, OPACITY / np.float32(255))
    np.testing.assert_array_equal(to_uint8(photograph.picture), pixels())


def test_a_clear_pixel_keeps_its_colour() -> None:
    photograph = read_photograph(Image.new("RGBA", (2, 1), (255, 0, 0, 0)))
    assert photograph.alpha is not None
    assert not photograph.alpha.any()
    np.testing.assert_array_equal(photograph.picture[0], [RED, RED])


@pytest.mark.parametrize("source", [pixels(), Image.fromarray(pixels()), file_of(Image.fromarray(pixels()), "JPEG")])
def test_a_source_without_transparency_has_no_opacity(source: Any) -> None:
    assert read_photograph(source).alpha is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_turns_the_opacity_with_the_picture(orientation: int, kind: str) -> None:
    grey = np.dstack([OPACITY] * 4)
    photograph = read_photograph(
        file_of(Image.fromarray(grey), kind, exif=exif(orientation), **({"lossless": True} if kind == "WEBP" else {}))
    )
    assert photograph.alpha is not None
    assert photograph.alpha.shape == ((24, 32) if orientation < 5 else (32, 24))
    shown = photograph.alpha > 0  # WebP may forget the colours of the others
    np.testing.assert_array_equal(photograph.alpha[shown], photograph.picture[..., 0][shown])


@pytest.mark.parametrize(("mode", "key", "other"), [("L", 3, 51), ("RGB", (1, 2, 3), (3, 2, 1)), ("I;16", 40000, 64)])
def test_the_transparent_colour_of_a_png_is_clear_and_the_others_are_not(mode: str, key: Any, other: Any) -> None:
    image = Image.new(mode, (2, 1), key)
    image.putpixel((1, 0), other)
    photograph = read_photograph(file_of(image, "PNG", transparency=key))
    assert photograph.alpha is not None
    assert photograph.alpha.tolist() == [[0, 1]]


def test_decode_is_the_photograph_over_white() -> None:
    data = file_of(Image.fromarray(RGBA), "PNG")
    photograph = read_photograph(data)
    assert photograph.alpha is not None
    alpha = photograph.alpha[..., np.newaxis]
    np.testing.assert_allclose(decode(data), photograph.picture * alpha + (1 - alpha), atol=1e-6)
    np.testing.assert_array_equal(decode(data), photograph.over_white())


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "CMYK"])
def test_reading_makes_no_second_copy_of_the_picture(mode: str) -> None:
    data = file_of(Image.new(mode, (1200, 900)), "TIFF", compression="tiff_lzw")
    tracemalloc.start()
    photograph = read_photograph(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.7 * photograph.picture.nbytes


# ---------------------------------------------------------------- profiles


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_hands_on_the_embedded_profile(kind: str) -> None:
    profile = display_p3()
    assert read_photograph(file_of(Image.fromarray(pixels()), kind, icc_profile=profile)).icc == profile
    assert read_photograph(file_of(Image.fromarray(pixels()), kind)).icc is None


def test_hands_on_a_profile_that_it_cannot_use_itself() -> None:
    for profile in (b"junk", linear_grey()):
        assert read_photograph(file_of(Image.fromarray(pixels()), "PNG", icc_profile=profile)).icc == profile


# ---------------------------------------------------------------- origin

PNG = file_of(Image.fromarray(pixels()), "PNG")
DIGEST = sha256(PNG).hexdigest()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_known_by_its_path_as_it_was_given_and_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[str] | type[Path]
) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    assert read_photograph(kind("a.png")).origin == Origin("a.png", DIGEST)
    assert read_photograph(kind(tmp_path / "a.png")).origin == Origin(str(tmp_path / "a.png"), DIGEST)


def test_bytes_are_known_by_their_hash_and_the_name_that_they_are_given() -> None:
    assert read_photograph(PNG).origin == Origin(None, DIGEST)
    assert read_photograph(PNG, "s3://night/a.png").origin == Origin("s3://night/a.png", DIGEST)


def test_an_array_and_a_pillow_image_have_no_origin() -> None:
    assert read_photograph(pixels()).origin is None
    assert read_photograph(Image.fromarray(pixels())).origin is None


def test_reads_a_file_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(PNG,))
    writer.start()
    photograph = read_photograph(pipe)
    writer.join()
    assert photograph.origin == Origin(str(pipe), DIGEST)
    np.testing.assert_array_equal(to_uint8(photograph.picture), pixels())


def test_bytes_that_are_no_picture_are_called_by_their_name() -> None:
    with pytest.raises(ImageError, match=r"^picture 's3://night/a\.png' cannot be read: "):
        read_photograph(b"no picture", "s3://night/a.png")


# ---------------------------------------------------------------- notes


def several(kind: str, **options: Any) -> bytes:
    """A file of three pictures."""
    return file_of(
        Image.fromarray(pixels()), kind, save_all=True, append_images=[Image.new("RGB", (32, 24))] * 2, **options
    )


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_of_an_animation_the_first_frame_is_read_and_a_note_says_so(kind: str) -> None:
    photograph = read_photograph(several(kind), "s3://night/cat")
    assert photograph.notes == ("picture 's3://night/cat' is an animation; its first frame was used",)
    np.testing.assert_allclose(photograph.picture.mean(), pixels().mean() / 255, atol=0.02)


def test_of_several_pages_the_first_is_read_and_a_note_says_so(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.tiff"
    path.write_bytes(several("TIFF"))
    photograph = read_photograph(path)
    assert photograph.notes == (f"picture {str(path)!r} has several pages; the first was used",)
    np.testing.assert_array_equal(to_uint8(photograph.picture), pixels())


@pytest.mark.parametrize(("kind", "options"), [(1, {}), (4, {"photometric": "mask"})], ids=["preview", "mask"])
def test_a_page_that_is_a_preview_or_a_mask_deserves_no_note(kind: int, options: dict[str, str]) -> None:
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(pixels(), photometric="rgb")
        writer.write(np.zeros((6, 8), bool), subfiletype=kind, **options)
    assert read_photograph(file.getvalue()).notes == ()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF", "JPEG", "BMP", "HEIF", "JPEG2000"])
def test_a_file_of_one_picture_deserves_no_note(kind: str) -> None:
    assert read_photograph(file_of(Image.fromarray(pixels()), kind)).notes == ()


def test_the_previews_that_phones_put_into_a_jpeg_file_deserve_no_note() -> None:
    assert read_photograph(several("MPO")).notes == ()


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_a_second_picture_that_is_damaged_costs_at_most_the_note(kind: str) -> None:
    data = several(kind)
    whole = read_photograph(data)
    for missing in range(1, 40):
        photograph = read_photograph(data[:-missing])
        np.testing.assert_array_equal(photograph.picture, whole.picture)
        assert len(photograph.notes) <= 1


# ---------------------------------------------------------------- round trips and refusals


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_a_photograph_comes_back_as_it_was(kind: str) -> None:
    photograph = read_photograph(file_of(Image.fromarray(RGBA), "PNG", icc_profile=display_p3()))
    again = read_photograph(encode(photograph.picture, kind, 95, alpha=photograph.alpha, icc=photograph.icc))
    assert again.icc == photograph.icc
    assert again.alpha is not None
    np.testing.assert_array_equal(again.alpha, photograph.alpha)
    assert np.abs(again.picture - photograph.picture).mean() < 2 / 255


def test_refuses_what_decode_refuses(tmp_path: Path) -> None:
    for source in (b"", tmp_path / "missing.png", np.zeros((2, 2, 4), np.float32)):
        with pytest.raises(ImageError, match="cannot be read"):
            read_photograph(source)


def test_a_png_text_that_poses_as_transparency_is_refused_or_passed_over() -> None:
    for name in (b"transparency", b"icc_profile", b"gamma"):
        text = png_chunk(b"tEXt", name + b"\0" + struct.pack(">H", 1))
        with Image.open(BytesIO(png16(np.zeros((2, 2, 3), np.uint16), text))) as image:
            assert image.size == (2, 2)
        try:
            photograph = read_photograph(png16(np.zeros((2, 2, 3), np.uint16), text))
        except ImageError:
            continue
        assert photograph.picture.shape == (2, 2, 3)
