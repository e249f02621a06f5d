from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

import pytest

from tasks.planning.listing import SIDES, Listing, list_pictures
from tasks.planning.request import PairingError, Request
from tasks.storage import Entry, StorageError
from tasks.storage.base import OnError, ignore
from tasks.storage.memory import MemoryStorage


def listing(*keys: str, side: str = "content", **patterns: Any) -> Listing:
    storage = MemoryStorage(dict.fromkeys(keys, b"data"))
    return list_pictures(storage, side, Request(backbones=("tiny",), **patterns))


def found(*keys: str, side: str = "content", **patterns: Any) -> list[str]:
    pictures = listing(*keys, side=side, **patterns)
    assert pictures.out_of_reach == []
    return [entry.key for entry in pictures.pictures]


class Partly(MemoryStorage):
    """A storage with files and folders that cannot be read."""

    def __init__(self, *keys: str, out_of_reach: tuple[str, ...]) -> None:
        super().__init__(dict.fromkeys(keys, b"data"))
        self.out_of_reach = out_of_reach

    def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        for key in self.out_of_reach:
            onerror(key, StorageError(f"{key} is locked"))
        return super().list(prefix)


def test_finds_pictures_by_suffix_in_any_case() -> None:
    assert found("a.JPG", "b.png", "sub/c.WebP", "notes.txt", "png", "e.jpg/f.csv") == ["a.JPG", "b.png", "sub/c.WebP"]


def test_leaves_out_hidden_files_and_folders() -> None:
    assert found("._a.jpg", ".thumbnails/b.png", "c/.d/e.png", ".png", "f.png") == ["f.png"]


@pytest.mark.parametrize(
    "key",
    ["a.jpg~", "a.jpg.part", "a.png.tmp", "#a.jpg#", "~$a.jpg", "b/~$a.jpg", "b~/a.jpg", "b.part/a.jpg", "b.TMP/a.jpg"],
)
def test_leaves_out_temporary_files(key: str) -> None:
    assert found(key, "z.png") == ["z.png"]


@pytest.mark.parametrize(
    "key",
    [
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg",
        "2024/@eaDir/a.jpg",
        "#recycle/a.jpg",
        "#snapshot/a.jpg",
        "@Recycle/a.jpg",
        "~snapshot/a.jpg",
        "$Recycle.Bin/S-1-5/a.jpg",
        "System Volume Information/a.jpg",
        "lost+found/a.jpg",
        ".Trash-1000/files/a.jpg",
        ".Trashes/a.jpg",
        "__MACOSX/a.jpg",
        "._a.jpg",
    ],
)
def test_leaves_out_what_systems_keep_for_themselves(key: str) -> None:
    pictures = listing(key, "z.png")
    assert [*pictures.all_keys()] == ["z.png"]


@pytest.mark.parametrize("key", ["lost+found.jpg", "my lost+found/a.jpg", "@eaDirs/a.jpg", "recycle/a.jpg"])
def test_takes_names_that_are_only_like_those_of_systems(key: str) -> None:
    assert found(key) == [key]


def test_says_nothing_of_a_folder_of_the_system_that_cannot_be_read() -> None:
    storage = Partly("a.png", out_of_reach=("lost+found/", "@eaDir/"))
    assert list_pictures(storage, "content", Request(backbones=("tiny",))).out_of_reach == []


@pytest.mark.parametrize(
    "key",
    [
        "with space.png",
        "ünï/çödé 日本.png",
        "new\nline.png",
        "-rf.png",
        "a=b.png",
        "~a.png",
        "#1.png",
        "a#.png",
        "tmp.png",
        "a.tmp.png",
        "100%25?#&+.png",
    ],
)
def test_takes_awkward_names(key: str) -> None:
    assert found(key) == [key]


def test_sorts_what_a_server_lists_in_an_order_of_its_own() -> None:
    class Unsorted(MemoryStorage):
        def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
            return reversed([*super().list(prefix, onerror)])

    storage = Unsorted(dict.fromkeys(["a.png", "a/c.png", "b.png"], b""))
    pictures = list_pictures(storage, "content", Request(backbones=("tiny",))).pictures
    assert [entry.key for entry in pictures] == ["a.png", "a/c.png", "b.png"]


def test_counts_pictures_of_kinds_that_are_not_read() -> None:
    keys = ["a.DNG", "b/c.dng", "d.psd", "e.jxl", "notes.txt", ".f.dng", "@eaDir/g.dng", "h.jpg"]
    pictures = listing(*keys, exclude=("content:e*",))
    assert pictures.unread == {".dng": 2, ".psd": 1}
    assert list(pictures.notes()) == [
        "left out: 2 .dng and 1 .psd in 'memory://', kinds of pictures that are not read; save them as PNG or JPEG"
    ]
    assert list(listing("h.jpg", "notes.txt").notes()) == []


def test_keeps_the_order_of_the_listing_and_takes_it_once() -> None:
    class Recorded(MemoryStorage):
        listings = 0

        def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
            self.listings += 1
            return super().list(prefix, onerror)

    storage = Recorded({"b.png": b"", "a/c.png": b"", "a.png": b""})
    pictures = list_pictures(storage, "content", Request(backbones=("tiny",))).pictures
    assert pictures == [Entry(key, 0) for key in ("a.png", "a/c.png", "b.png")]
    assert storage.listings == 1


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ({}, ["a.png", "b/c.jpg", "d/"]),
        ({"exclude": ("a*", "content:d/*")}, ["b/c.jpg"]),
        ({"include": ("b/*",)}, ["b/c.jpg", "d/"]),
    ],
)
def test_reports_what_cannot_be_read_if_it_might_be_a_picture(patterns: Any, expected: list[str]) -> None:
    locked = ("a.png", "b/c.jpg", "b/notes.txt", ".Trash/", "d/", "e~/", ".f.png")
    storage = Partly("b/z.png", out_of_reach=locked)
    told = list_pictures(storage, "content", Request(backbones=("tiny",), **patterns)).out_of_reach
    assert told == [f"{key} is locked" for key in expected]


def test_a_refusal_names_the_first_that_is_out_of_reach() -> None:
    storage = Partly("notes.txt", out_of_reach=("a.txt", "b.png", "c.png"))
    with pytest.raises(PairingError, match=r"temporary ones do not; b\.png is locked$"):
        list_pictures(storage, "content", Request(backbones=("tiny",)))


# patterns


KEYS = ("2023/a.jpg", "2024/b.jpg", "2024/trip/c.png", "d.jpg", "new\nline.jpg")


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ({"include": ("2024/*",)}, ["2024/b.jpg", "2024/trip/c.png"]),
        ({"include": ("*.png", "d.*")}, ["2024/trip/c.png", "d.jpg"]),
        ({"exclude": ("*.jpg",)}, ["2024/trip/c.png"]),
        ({"include": ("202?/*",), "exclude": ("*/trip/*", "*/a.*")}, ["2024/b.jpg"]),
        ({"include": ("[ad].jpg",)}, ["d.jpg"]),
        ({"include": ("new*",)}, ["new\nline.jpg"]),
        ({"exclude": ("*", "content:none")}, None),
        ({"include": ("D.JPG",)}, None),
        ({"include": ("b.jpg",)}, None),
    ],
)
def test_patterns_match_whole_keys(patterns: Any, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(PairingError):
            found(*KEYS, **patterns)
    else:
        assert found(*KEYS, **patterns) == expected


def test_keeps_the_keys_of_the_pictures_that_patterns_leave_out() -> None:
    pictures = listing(*KEYS, "notes.txt", ".hidden.jpg", include=("2024/*",), exclude=("*.png",))
    assert (pictures.uri, pictures.excluded) == (
        "memory://",
        ["2023/a.jpg", "2024/trip/c.png", "d.jpg", "new\nline.jpg"],
    )
    assert sorted(pictures.all_keys()) == sorted(KEYS)


@pytest.mark.parametrize("key", [normalize("NFC", "Übung.png"), normalize("NFD", "Übung.png")])
def test_accents_match_in_either_form(key: str) -> None:
    for pattern in (normalize("NFC", "Ü*"), normalize("NFD", "Ü*")):
        assert found(key, "a.png", include=(pattern,)) == [key]
        assert found(key, "a.png", exclude=(pattern,)) == ["a.png"]


@pytest.mark.parametrize("side", SIDES)
def test_a_pattern_may_be_meant_for_one_side(side: str) -> None:
    mine, other = side, next(name for name in SIDES if name != side)
    assert found(*KEYS, side=side, include=(f"{mine}:d*",)) == ["d.jpg"]
    assert found(*KEYS, side=side, include=(f"{other}:d*",)) == list(KEYS)
    assert found(*KEYS, side=side, include=(f"{other}:d*", "2023/*")) == ["2023/a.jpg"]
    assert found(*KEYS, side=side, exclude=(f"{mine}:2*", f"{other}:d*")) == ["d.jpg", "new\nline.jpg"]


def test_another_colon_is_part_of_a_pattern() -> None:
    assert found("at 10:30.jpg", "at 11:30.jpg", include=("at 10:*",)) == ["at 10:30.jpg"]


# nothing there


def test_refuses_a_folder_without_pictures_and_says_what_counts() -> None:
    with pytest.raises(PairingError) as caught:
        found("notes.txt", ".hidden.jpg", side="style")
    assert str(caught.value) == (
        "style folder 'memory://' has no pictures; files in .avif, .bmp, .gif, .heic, .heif, .hif, .jfif, .jp2, .jpe, "
        ".jpeg, .jpg, .png, .tif, .tiff or .webp count, hidden and temporary ones do not"
    )


def test_a_refusal_names_the_kinds_that_are_there() -> None:
    with pytest.raises(PairingError, match=r"temporary ones do not; left out: 2 \.cr3 in 'memory://', kinds of"):
        found("a.cr3", "b.CR3")


def test_a_refusal_names_the_patterns() -> None:
    with pytest.raises(
        PairingError, match=r"has no pictures let through by include 'a\*' or 'b\*' exclude '\*'; files"
    ):
        found("a.jpg", include=("a*", "b*"), exclude=("*",))


def test_refuses_a_picture_whose_name_is_not_utf_8() -> None:
    with pytest.raises(PairingError, match=r"picture 'caf\\udce9\.png' in 'memory://' .* not UTF-8; rename it"):
        found("caf\udce9.png")
