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
