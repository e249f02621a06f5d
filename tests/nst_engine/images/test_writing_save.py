"""Pictures to files."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_engine.errors import ImageError
from nst_engine.images import decode, encode, require_savable, save, to_uint8
from tests.nst_engine.files import display_p3, pixels


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".png", "PNG"),
        (".PNG", "PNG"),
        (".jpg", "JPEG"),
        (".jpeg", "JPEG"),
        (".webp", "WEBP"),
        (".tif", "TIFF"),
        (".TIFF", "TIFF"),
    ],
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


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_saves_the_opacity_profile_and_provenance_of_the_picture(tmp_path: Path, suffix: str) -> None:
    picture = decode(pixels())
    extras: dict[str, Any] = {"alpha": picture[..., 0], "icc": display_p3(), "provenance": {"seed": 3}}
    assert save(picture, tmp_path / f"p.{suffix}", **extras).read_bytes() == encode(picture, suffix, 95, **extras)


@pytest.mark.parametrize("name", ["picture", "picture.bmp", "picture.png.part"])
def test_refuses_a_suffix_it_cannot_write(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match=r"use \.png, \.jpg, \.jpeg, \.webp, \.tif or \.tiff"):
        save(decode(pixels()), tmp_path / name)


def test_a_size_that_the_suffix_cannot_hold_is_refused_before_the_work(tmp_path: Path) -> None:
    require_savable(tmp_path / "p.webp", (16_383, 2))
    with pytest.raises(ImageError, match="16384 x 2 pixels do not fit webp"):
        require_savable(tmp_path / "p.webp", (16_384, 2))


def test_a_name_that_the_file_system_refuses_is_refused_before_the_work(tmp_path: Path) -> None:
    require_savable(tmp_path / f"{'a' * 251}.png")
    for name, reason in ((f"{'a' * 252}.png", "File name too long"), ("a\0.png", "embedded null byte")):
        with pytest.raises(ImageError, match=f"cannot be written: {reason}"):
            require_savable(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


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
