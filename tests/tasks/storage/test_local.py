"""A folder as a storage: addresses, names and links."""

import errno
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tasks.storage import Storage, StorageError, open_storage
from tasks.storage.base import LARGEST
from tasks.storage.local import LocalStorage
from tests.tasks.storage.contract import StorageContract, left_out, listed


class TestLocalStorage(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage:
        return LocalStorage(tmp_path)


def test_an_address_is_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalStorage("photos").uri() == str(tmp_path / "photos")
    assert LocalStorage("photos").uri("a/b.png") == str(tmp_path / "photos" / "a" / "b.png")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "absent")
    with pytest.raises(StorageError, match=r"folder '.*absent' does not exist; "):
        storage.list()
    with pytest.raises(StorageError, match=r"folder '.*absent' does not exist; "):
        storage.read("a.png")
    assert storage.head("a.png") is None


def test_exists_as_soon_as_anything_lies_there(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to("absent")
    (tmp_path / "file").touch()
    assert [LocalStorage(tmp_path / name).exists() for name in ("absent", "broken", "file", "file/below")] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("folder", "other", "expected"),
    [
        ("photos", "photos", True),
        ("photos", "photos/deeper/out", True),
        ("photos", "photos-2026", False),
        ("photos", "link/out", True),
        ("link", "photos/out", True),
        ("photos/out", "photos", False),
    ],
)
def test_contains_the_folders_below_it_wherever_links_lead(
    tmp_path: Path, folder: str, other: str, expected: bool
) -> None:
    (tmp_path / "link").symlink_to("photos")
    assert LocalStorage(tmp_path / folder).contains(LocalStorage(tmp_path / other)) is expected
    assert LocalStorage("/").contains(LocalStorage(tmp_path))


def test_a_file_is_refused_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(StorageError, match="is no folder"):
        LocalStorage(tmp_path / "a.png").list()


def test_a_link_that_leads_out_is_neither_listed_nor_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.png").symlink_to(secret)
    (root / "up").symlink_to(tmp_path)
    storage = LocalStorage(root)
    assert listed(storage) == []
    assert left_out(storage) == {
        "link.png": f"key 'link.png' leads out of the folder {str(root)!r}, to {str(secret)!r}; use one below it",
        "up/": f"key 'up' leads out of the folder {str(root)!r}, to {str(tmp_path)!r}; use one below it",
    }
    assert list(left_out(storage, "u")) == ["up/"]
    for key in ("link.png", "up/secret.png", "up/new.png"):
        for use in (storage.read, storage.head, lambda key: storage.write(key, b"")):
            with pytest.raises(StorageError, match="leads out of the folder"):
                use(key)
    assert secret.read_bytes() == b"secret"
    assert not (tmp_path / "new.png").exists()


def test_a_folder_whose_name_begins_like_the_root_is_outside(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root-of-others").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "root-of-others")
    with pytest.raises(StorageError, match="leads out"):
        LocalStorage(tmp_path / "root").write("link/a.png", b"")


def test_links_that_stay_inside_are_followed(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("real/a.png", b"old")
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "b.png").symlink_to(tmp_path / "real" / "a.png")
    assert listed(storage) == ["b.png", "folder/a.png", "real/a.png"]
    storage.write("b.png", b"new")
    assert storage.read("folder/a.png") == b"new"
    assert (tmp_path / "b.png").is_symlink()


def test_the_root_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    storage = LocalStorage(tmp_path / "link")
    storage.write("a.png", b"data")
    assert listed(storage) == ["a.png"]
    assert storage.uri("a.png") == str(tmp_path / "link" / "a.png")


def test_rings_of_links_end(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("a/one.png", b"")
    storage.write("b/two.png", b"")
    (tmp_path / "a" / "to-b").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "to-a").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "top").symlink_to(".")
    assert listed(storage) == ["a/one.png", "a/to-b/two.png", "b/to-a/one.png", "b/two.png"]
    assert storage.head("self") is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_folders_may_be_nested_deeper_than_calls(tmp_path: Path) -> None:
    storage, key = LocalStorage(tmp_path), "a/" * 1200 + "deep.png"
    try:
        storage.write(key, b"deep")
        storage.write("a/b.png", b"flat")
        abandoned = Path(storage.uri(key)).with_name(".nightbrush-0.tmp")
        abandoned.touch()
        storage.require_writable()
        assert not abandoned.exists()
        assert [entry.key for entry in storage.list()] == [key, "a/b.png"]
        assert storage.read(key) == b"deep"
    finally:  # pytest's own way to delete folders calls itself for each level
        Path(storage.uri(key)).unlink()
        Path(storage.uri("a/b.png")).unlink()
        for folder in [*Path(key).parents][:-1]:
            (tmp_path / folder).rmdir()


def test_what_is_no_regular_file_is_no_object(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "broken.png").symlink_to("absent")
    storage = LocalStorage(tmp_path)
    assert listed(storage) == []
    assert storage.head("pipe.png") is None
    with pytest.raises(StorageError, match="does not exist"):
        storage.read("pipe.png")


def test_a_file_that_would_take_the_machines_memory_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    os.truncate(tmp_path / "a.png", LARGEST + 1)
    with pytest.raises(StorageError, match=r"a\.png' has 2147483649 bytes, 2147483648 are allowed; leave it out"):
        LocalStorage(tmp_path).read("a.png")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_names_that_are_not_utf8_come_back(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"data")
    storage = LocalStorage(tmp_path)
    [key] = listed(storage)
    assert storage.read(key) == b"data"


def test_a_name_that_the_system_cannot_bear_is_refused(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with pytest.raises(StorageError, match="cannot be written: File name too long; use a shorter name"):
        storage.write("a" * 300, b"")
    with pytest.raises(StorageError, match="cannot be looked up: File name too long; use a shorter name"):
        storage.head("a" * 300)
    with pytest.raises(StorageError, match="is no file name here"):
        storage.head("\ud800.png")
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_folder_is_named_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(_: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(StorageError, match=r"folder '.*' cannot be listed: Permission denied; check its permissions"):
        listed(LocalStorage(tmp_path))


def test_folders_and_links_that_cannot_be_looked_into_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str | Path, *_: object, real: Any, **__: object) -> Any:
        if "locked" in str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path)

    storage = LocalStorage(tmp_path)
    for key in ("a.png", "locked/b.png", "open/c.png", "z.png"):
        storage.write(key, b"")
    (tmp_path / "open" / "link.png").symlink_to(tmp_path / "locked" / "b.png")
    for name in ("scandir", "stat"):
        monkeypatch.setattr(os, name, partial(denied, real=getattr(os, name)))
    assert listed(storage) == ["a.png", "open/c.png", "z.png"]
    reasons = left_out(storage)
    assert list(reasons) == ["locked/", "open/link.png"]
    assert all("Permission denied; check" in reason for reason in reasons.values())


def test_opens_a_path_a_home_and_a_file_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_storage(str(tmp_path / "a b")).uri() == str(tmp_path / "a b")
    assert open_storage("~/photos").uri() == str(tmp_path / "photos")
    assert open_storage(f"file://{tmp_path}/a%20b").uri() == str(tmp_path / "a b")


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("", "name a folder"),
        ("a\0b", "name a folder"),
        ("ftp://host/photos", "unknown scheme 'ftp'"),
        ("file://photos", "file:///absolute/path"),
        ("~nobody-of-that-name/photos", "write the path in full"),
    ],
)
def test_refuses_addresses_that_name_no_folder(uri: str, text: str) -> None:
    with pytest.raises(StorageError, match=text):
        open_storage(uri)
