"""What is written into a folder is there whole or not at all, and leaves nothing beside it."""

import errno
import os
from collections.abc import Callable
from io import BufferedWriter
from pathlib import Path
from typing import Any

import pytest

from tasks.storage import StorageError, file_lock, local, require_name, require_writable
from tasks.storage.local import LocalStorage
from tests.tasks.storage.contract import listed


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_the_first_write_makes_the_folders(tmp_path: Path) -> None:
    LocalStorage(tmp_path / "new" / "output").write("vgg16/a.png", b"data")
    assert (tmp_path / "new" / "output" / "vgg16" / "a.png").read_bytes() == b"data"


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    LocalStorage(tmp_path).write("stored", b"")
    assert (tmp_path / "stored").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    storage = LocalStorage(tmp_path)
    storage.write("a.png", b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"file '.*a\.png' cannot be written: No space left on device; "):
        storage.write("a.png", b"new")
    assert files(tmp_path) == ["a.png"]
    assert storage.read("a.png") == b"old"


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    storage = LocalStorage(tmp_path)
    storage.write("a.png", b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        storage.write("a.png", b"new")
    assert files(tmp_path) == ["a.png"]
    assert storage.read("a.png") == b"old"


def test_a_write_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match=r"cannot be written: Is a directory"):
        LocalStorage(tmp_path).write("folder", b"")
    assert files(tmp_path) == ["folder"]


def test_the_file_is_on_the_disk_before_it_bears_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.extend(files(tmp_path)))
    LocalStorage(tmp_path).write("a.png", b"data")
    assert [name.startswith(".nightbrush-") for name in seen] == [True]


def test_a_temporary_file_that_a_crash_left_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".nightbrush-0123.tmp").write_bytes(b"half a pict")
    (tmp_path / ".hidden").write_bytes(b"")
    assert listed(LocalStorage(tmp_path)) == [".hidden"]


def test_what_killed_writers_left_is_cleared_away_and_what_others_are_writing_is_not(tmp_path: Path) -> None:
    left, other = tmp_path / "tiny" / ".nightbrush-0.tmp", tmp_path / "tiny" / "notes.tmp"
    left.parent.mkdir()
    left.write_bytes(b"half a pict")
    other.write_bytes(b"not ours")
    with local._temporary_file(tmp_path / "tiny" / "a.png") as writing:
        LocalStorage(tmp_path).require_writable()
        assert sorted(left.parent.iterdir()) == sorted([Path(writing.name), other])


def test_a_temporary_file_that_was_cleared_away_before_it_was_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, locked = local.lock, list[str]()

    def late(file: BufferedWriter) -> None:
        if not locked:
            Path(file.name).unlink()
        locked.append(file.name)
        lock(file)

    monkeypatch.setattr(local, "lock", late)
    LocalStorage(tmp_path).write("a.png", b"whole")
    assert len(set(locked)) == 2
    assert (tmp_path / "a.png").read_bytes() == b"whole"


def test_a_writable_folder_is_left_as_it_was(tmp_path: Path) -> None:
    require_writable(LocalStorage(tmp_path / "not" / "yet" / "there"))
    require_writable(LocalStorage(tmp_path))
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "broken").symlink_to("absent")
    for root in (tmp_path / "file", tmp_path / "file" / "output", tmp_path / "broken"):
        with pytest.raises(StorageError, match=r"cannot be (made|written).*; choose another"):
            require_writable(LocalStorage(root))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write")
def test_a_folder_without_leave_to_write_is_refused_before_any_work() -> None:
    with pytest.raises(StorageError, match=r"folder '/proc/output' cannot be written: .*; choose another folder"):
        require_writable(LocalStorage("/proc/output"))


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def _no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks."""

    def refuse(_file: object, _operation: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(file_lock, "flock", refuse)


@pytest.mark.usefixtures("_no_locks")
def test_a_file_system_without_locks_is_written_and_said_to_be_one(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    (note,) = require_writable(storage)
    assert note == "files there cannot be locked: delete .nightbrush-*.tmp of killed runs yourself"
    storage.write("tiny/a.png", b"data")
    assert files(tmp_path) == ["tiny", "tiny/a.png"]


@pytest.mark.usefixtures("_no_locks")
def test_without_locks_no_temporary_file_is_taken_for_abandoned(tmp_path: Path) -> None:
    (tmp_path / ".nightbrush-0.tmp").write_bytes(b"half a pict")
    require_writable(LocalStorage(tmp_path))
    assert files(tmp_path) == [".nightbrush-0.tmp"]


@pytest.mark.parametrize("refused", [Path.open, Path.unlink], ids=["open", "unlink"])
def test_what_another_users_killed_writer_left_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., Any]
) -> None:
    left = tmp_path / ".nightbrush-0.tmp"
    left.write_bytes(b"half a pict")

    def deny(path: Path, *arguments: Any, **options: Any) -> Any:
        if path == left:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        return refused(path, *arguments, **options)

    monkeypatch.setattr(Path, refused.__name__, deny)
    assert require_writable(LocalStorage(tmp_path)) == ()
    assert files(tmp_path) == [left.name]


def test_each_folder_that_is_written_to_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny").mkdir()
    replace = Path.replace

    def deny(path: Path, target: Path) -> Path:
        if path.parent.name == "tiny":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", deny)
    require_writable(LocalStorage(tmp_path), ("", "vgg16"))
    with pytest.raises(StorageError, match=r"tiny' cannot be written: Permission denied; choose another folder or"):
        require_writable(LocalStorage(tmp_path), ("", "tiny"))
    assert files(tmp_path) == ["tiny"]


def test_a_name_that_the_file_system_refuses_is_told_without_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def deny(path: Path, target: Path) -> Path:
        if ":" in target.name:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path), None, str(target))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", deny)
    storage = LocalStorage(tmp_path / "output")
    require_name(storage, "tiny/15.50.04.png")
    remedy = "its file system refuses the name: rename the picture, without any of"
    for use in (lambda: require_name(storage, "tiny/15:50:04.png"), lambda: storage.write("tiny/15:50:04.png", b"")):
        with pytest.raises(StorageError, match=rf"tiny/15:50:04\.png' cannot be written: Invalid argument; {remedy}"):
            use()
    assert files(tmp_path) == ["output", "output/tiny"]


def test_a_name_that_is_too_long_is_told_without_a_write(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    require_name(storage, "tiny/" + "a" * 255)
    with pytest.raises(StorageError, match="cannot be written: File name too long; use a shorter name"):
        require_name(storage, "tiny/" + "a" * 256)
    assert files(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write")
def test_a_folder_that_takes_no_file_now_says_nothing_of_a_name() -> None:
    require_name(LocalStorage("/proc/output"), "a:b.png")
