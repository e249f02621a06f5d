"""PNG files with more in them than a picture."""

import zlib

import numpy as np
import pytest
from PIL import Image

from nst_engine.images import decode, encode, icc, png, read_photograph, read_provenance
from tests.nst_engine.files import file_of, large_profile, pixels, png_chunk, srgb

PLAIN = file_of(Image.fromarray(pixels()), "PNG")
PACKED = zlib.compress(bytes(3 * 2**20))
TEXTS = {
    "zTXt": png_chunk(b"zTXt", b"mxfile\0\0" + PACKED),
    "iTXt": png_chunk(b"iTXt", b"workflow\0\1\0en\0\xc3\xbc\0" + PACKED),
    "tEXt": png_chunk(b"tEXt", b"workflow\0" + b"a" * 3 * 2**20),
    "not compressed iTXt": png_chunk(b"iTXt", b"workflow\0\0\0\0\0" + b"a" * 3 * 2**20),
}


def with_chunk(data: bytes, chunk: bytes, before: bytes) -> bytes:
    at = data.index(before) - 4
    return data[:at] + chunk + data[at:]


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_large_text_is_passed_over(text: str, before: bytes) -> None:
    photograph = read_photograph(with_chunk(PLAIN, TEXTS[text], before))
    np.testing.assert_array_equal(photograph.picture, decode(pixels()))
    assert photograph.notes == ()


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_large_profile_is_used_handed_on_and_read_back(kind: str, depth: int) -> None:
    profile = large_profile(1_500_000)
    photograph = read_photograph(file_of(Image.fromarray(pixels()), kind, icc_profile=profile))
    assert (photograph.icc, photograph.notes) == (profile, ())
    data = encode(photograph.picture, "png" if depth == 8 else "tiff", 95, icc=photograph.icc, provenance={"a": 1})
    again = read_photograph(data)
    assert (again.icc, again.notes, read_provenance(data)) == (profile, (), {"a": 1})
    np.testing.assert_allclose(again.picture, photograph.picture, atol=2 / 255)


def test_a_profile_too_large_for_every_format_is_passed_over_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (icc, png):
        monkeypatch.setattr(module, "MAX_PROFILE", 2**21)
    data = file_of(Image.fromarray(pixels()), "PNG", icc_profile=large_profile(2**21))
    photograph = read_photograph(data, "a.png")
    assert photograph.icc is None
    assert photograph.notes == (
        "picture 'a.png' has a colour profile of more than 2097152 bytes, which was passed over",
    )


def test_a_profile_that_cannot_be_used_leaves_a_note() -> None:
    photograph = read_photograph(file_of(Image.fromarray(pixels()), "PNG", icc_profile=b"junk"), "a.png")
    assert photograph.notes == (
        "picture 'a.png' has a colour profile that cannot be used; its colours were taken for sRGB",
    )


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_with_large_chunks_that_is_cut_short_is_refused(share: float) -> None:
    data = with_chunk(file_of(Image.fromarray(pixels()), "PNG", icc_profile=srgb()), TEXTS["tEXt"], b"IDAT")
    with pytest.raises(Exception, match="cannot be read"):
        decode(data[: int(share * len(data))])


DAMAGED = {
    "text of another checksum": b"\0\0\0\4tEXta\0bc\0\0\0\0",
    "profile of another checksum": b"\0\0\0\4iCCPa\0bc\0\0\0\0",
    "size of a pixel that is cut short": png_chunk(b"pHYs", b"\0"),
    "gamma that is cut short": png_chunk(b"gAMA", b"\0"),
    "name that is no text": png_chunk(b"iTXt", b"\xff"),
}


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize("chunk", DAMAGED.values(), ids=DAMAGED)
def test_pixels_are_read_whatever_is_damaged_beside_them(chunk: bytes, before: bytes) -> None:
    photograph = read_photograph(with_chunk(PLAIN, chunk, before), "a.png")
    np.testing.assert_array_equal(photograph.picture, decode(pixels()))
    note = "picture 'a.png' has damaged parts beside its pixels, which were passed over"
    assert photograph.notes in ((), (note,))


def test_what_is_damaged_leaves_a_note_and_the_transparency_and_the_profile_as_they_were() -> None:
    image = Image.fromarray(pixels()).convert("P")
    data = file_of(image, "PNG", transparency=0, icc_profile=srgb())
    whole, damaged = read_photograph(data), read_photograph(with_chunk(data, png_chunk(b"pHYs", b"\0"), b"PLTE"))
    assert (whole.notes, damaged.icc) == ((), srgb())
    assert len(damaged.notes) == 1
    np.testing.assert_array_equal(damaged.picture, whole.picture)
    np.testing.assert_array_equal(damaged.alpha, whole.alpha)


@pytest.mark.parametrize(
    ("gamma", "chunks", "noted"),
    [(100_000, b"", True), (55_556, b"", True), (45_455, b"", False), (100_000, png_chunk(b"sRGB", b"\0"), False)],
)
def test_a_gamma_unlike_that_of_srgb_leaves_a_note(gamma: int, chunks: bytes, noted: bool) -> None:
    data = with_chunk(PLAIN, png_chunk(b"gAMA", gamma.to_bytes(4, "big")) + chunks, b"IDAT")
    photograph = read_photograph(data, "a.png")
    said = f"picture 'a.png' says that its gamma is {gamma / 1e5:g}, which was passed over"
    assert photograph.notes == ((f"{said}; its colours were taken for sRGB",) if noted else ())
