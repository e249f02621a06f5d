"""A folder as a storage."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from tasks.storage.base import Entry, OnError, Storage, StorageError, check_key, check_size, ignore
from tasks.storage.file_lock import can_lock, lock, try_lock

_TEMPORARY = (".nightbrush-", ".tmp")
_LEFTOVERS = "*".join(_TEMPORARY)
_NAME_ERRORS = {
    errno.ENAMETOOLONG: "use a shorter name",
    errno.EINVAL: 'its file system refuses the name: rename the picture, without any of \\ : * ? " < > |',
    errno.EILSEQ: "its file system refuses the name: rename the picture",
}
"""What to do about a file whose name is refused, by the system's error."""

_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class _Folder(NamedTuple):
    """A folder to be listed.

    Attributes:
        trail: the real paths of the folders from the root to this one, which end cycles of links.
        key: its key: empty, or ending in `/`.
    """

    trail: tuple[str, ...]
    key: str


class LocalStorage:
    """The files below the folder `root`, their paths relative to it as keys.

    Symbolic links are followed as long as they stay below the root. The first write makes the folder if
    it does not exist.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()

    def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        """The regular files whose keys begin with `prefix`, in the order of their keys.

        Links that lead out of the root, and folders that cannot be read, are left out and reported. Temporary files of
        a write are left out silently.
        """
        self._require_root()
        return self._walk(_Folder((str(self._real_root()),), ""), prefix, onerror)

    def read(self, key: str) -> bytes:
        """The bytes of the file `key`."""
        path = self._path(key)
        self._require_root()
        entry = self.head(key)
        if entry is None:
            raise StorageError(f"file {self.uri(key)!r} does not exist; check its name")
        check_size(f"file {self.uri(key)!r}", entry.size)
        with _reported(f"file {self.uri(key)!r} cannot be read", "check its permissions"):
            return path.read_bytes()

    def write(self, key: str, data: bytes) -> Entry:
        """Put `data` into the file `key`, atomically; folders on the way are made."""
        path = self._path(key)
        with _reported(f"file {self.uri(key)!r} cannot be written", "check permissions and free space"):
            _make_folders(path.parent)
            _replace(path, data)
        return Entry(key, len(data))

    def head(self, key: str) -> Entry | None:
        """The entry of the file `key`, or None where there is no regular file."""
        path = self._path(key)
        with _reported(f"file {self.uri(key)!r} cannot be looked up", "check the permissions of its folders"):
            info = _stat(path)
        return Entry(key, info.st_size) if info and stat.S_ISREG(info.st_mode) else None

    def uri(self, key: str = "") -> str:
        """The absolute path of the root, or of the file `key`."""
        if not key:
            return str(self.root)
        check_key(key)
        return str(self.root / key)

    def exists(self) -> bool:
        """Whether anything lies at the root, be it a folder or not."""
        return os.path.lexists(self.root)

    def contains(self, other: Storage) -> bool:
        """Whether `other` is this folder or one below it, links followed."""
        return isinstance(other, LocalStorage) and other._real_root().is_relative_to(self._real_root())

    def require_writable(self, folders: Iterable[str] = ("",)) -> tuple[str, ...]:
        """Check that files can be written into folders below the root, by a write; leaves no file behind.

        Of a folder that does not exist, the part of its path that does is tried. Temporary files that killed writers
        left below the root are deleted, unless they belong to another user.

        Returns:
            A line if files cannot be locked.

        Raises:
            StorageError: files cannot be written.
        """
        lockable = [_probe(self._path(folder) if folder else self.root) for folder in folders]
        _clear_abandoned(self.root)
        return () if all(lockable) else (f"files there cannot be locked: delete {_LEFTOVERS} of killed runs yourself",)

    def require_name(self, key: str) -> None:
        """Check that the file system takes the name of the file `key`; leaves no file behind.

        Raises:
            StorageError: it refuses the name. Any other reason against a file is left to the write.
        """
        path = self._path(key)
        try:
            _name_a_file(path.name, _existing(path.parent))
        except OSError as error:
            if remedy := _name_remedy(error):
                raise StorageError(f"file {self.uri(key)!r} cannot be written: {error.strerror}; {remedy}") from error

    def _require_root(self) -> None:
        with _reported(f"folder {self.uri()!r} cannot be looked up", "check the permissions of the folders above it"):
            exists = self.root.exists()
        if not exists:
            raise StorageError(f"folder {self.uri()!r} does not exist; check its path or make it")
        if not self.root.is_dir():
            raise StorageError(f"{self.uri()!r} is no folder; name the folder that holds it")

    def _real_root(self) -> Path:
        return Path(os.path.realpath(self.root))

    def _path(self, key: str) -> Path:
        """The path of `key`, links resolved."""
        check_key(key)
        with _reported(f"key {key!r} is no file name here", "rename it"):
            path = Path(os.path.realpath(self.root / key))
        if not path.is_relative_to(self._real_root()):
            raise StorageError(
                f"key {key!r} leads out of the folder {self.uri()!r}, to {str(path)!r}; use one below it"
            )
        return path

    def _walk(self, root: "_Folder", prefix: str, onerror: OnError) -> Iterator[Entry]:
        """The entries below a folder, however deep: what a folder holds waits while a folder in it is listed."""
        waiting = [self._listed(root, prefix, onerror)]
        while waiting:
            found = next(waiting[-1], None)
            if found is None:
                waiting.pop()
            elif isinstance(found, _Folder):
                waiting.append(self._listed(found, prefix, onerror))
            else:
                yield found

    def _listed(self, listed: "_Folder", prefix: str, onerror: OnError) -> "Iterator[Entry | _Folder]":
        """The entries and the folders in a folder."""
        trail, folder = listed
        try:
            names, links = _scan(trail[-1])
        except StorageError as error:
            if not folder:
                raise
            onerror(folder, error)
            return
        for name in names:
            key = folder + name
            if not key.startswith(prefix) and not (name.endswith("/") and prefix.startswith(key)):
                continue
            path = os.path.join(trail[-1], name.rstrip("/"))  # noqa: PTH118 - a Path takes longer than the file
            try:
                if name in links:
                    path = str(self._path(key.rstrip("/")))
                info = None if name.endswith("/") else _looked_up(path)
            except StorageError as error:
                onerror(key, error)
                continue
            if info is not None and stat.S_ISREG(info.st_mode):
                yield Entry(key, info.st_size)
            elif name.endswith("/") and path not in trail:
                yield _Folder((*trail, path), key)


def _scan(folder: str) -> tuple[list[str], set[str]]:
    """The names in `folder`, and the names that are links. Only these are kept, since there may be a million.

    The name of a folder ends in `/`: so sorted, keys come in their order (`a.jpg` before `a/b.jpg`).
    """
    names, links = [], set()
    with _reported(f"folder {folder!r} cannot be listed", "check its permissions"), os.scandir(folder) as items:
        for item in items:
            if not _is_temporary(item.name):
                names.append(item.name + "/" * _is_folder(item))
                if item.is_symlink():
                    links.add(names[-1])
    names.sort()
    return names, links


def _probe(folder: Path) -> bool:
    """Write a file into a folder, or into the existing part of its path, and delete it; True if it could be locked.

    Raises:
        StorageError: a file cannot be written.
    """
    with _reported(f"folder {str(folder)!r} cannot be written", "choose another folder or change its permissions"):
        there = _existing(folder)
        if not there.is_dir():
            raise StorageError(f"folder {str(folder)!r} cannot be made: {str(there)!r} is no folder; choose another")
        path = _temporary_path(there)
        try:
            _replace(path, b"")
            return _has_locks(path)
        finally:
            path.unlink(missing_ok=True)


def _name_a_file(name: str, folder: Path) -> None:
    """Give a name to a file in a folder of its own, which is deleted again."""
    prefix, suffix = _TEMPORARY
    with tempfile.TemporaryDirectory(prefix=prefix, suffix=suffix, dir=folder) as own:
        plain = Path(own, "plain")
        plain.touch()
        plain.replace(Path(own, name))


def _existing(folder: Path) -> Path:
    """The folder, or the part of its path that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists() or path.is_symlink())


def _has_locks(path: Path) -> bool:
    with suppress(OSError), path.open("r+b") as file:
        return can_lock(file)
    return False


def _replace(path: Path, data: bytes) -> None:
    with _temporary_file(path) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        finally:
            Path(file.name).unlink(missing_ok=True)


def _temporary_file(beside: Path) -> BufferedWriter:
    """A new file, locked while it is open: a file without a lock belongs to a writer that was killed.

    Where files cannot be locked it is not, and `_clear_abandoned` leaves it alone.
    """
    while True:
        file = _temporary_path(beside.parent).open("xb")
        with suppress(OSError):
            lock(file)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # it was cleared away before it was locked


def _temporary_path(folder: Path) -> Path:
    return folder / uuid4().hex.join(_TEMPORARY)


def _clear_abandoned(root: Path) -> None:
    """Delete the temporary files below `root` that nobody writes, of those that we may delete."""
    for folder, names in _files_by_folder(root):
        for name in filter(_is_temporary, names):
            with suppress(OSError), Path(folder, name).open("r+b") as file:
                if try_lock(file):
                    Path(folder, name).unlink(missing_ok=True)


def _files_by_folder(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder that can be read, from the root down, with the names of its files; links are not followed."""
    folders = [str(root)]  # os.walk calls itself for each level, and folders may be nested deeper than calls
    while folders:
        folder = folders.pop()
        with suppress(OSError), os.scandir(folder) as items:
            is_folder = {item.name: item.is_dir(follow_symlinks=False) for item in items}
            folders += [os.path.join(folder, name) for name, is_one in is_folder.items() if is_one]  # noqa: PTH118
            yield folder, [name for name, is_one in is_folder.items() if not is_one]


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, one by one from the top."""
    missing = [*takewhile(lambda path: not path.exists(), (folder, *folder.parents))]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)  # an error where it is no folder


def _is_temporary(name: str) -> bool:
    prefix, suffix = _TEMPORARY
    return name.startswith(prefix) and name.endswith(suffix)


def _is_folder(item: os.DirEntry[str]) -> bool:
    """True for a folder or a link to one; most files need no system call for that."""
    if not item.is_symlink():
        return item.is_dir()
    with suppress(OSError):
        return Path(item.path).is_dir()
    return False


def _looked_up(path: str) -> os.stat_result | None:
    with _reported(f"file {path!r} cannot be looked up", "check the permissions of its folders"):
        return _stat(path)


def _stat(path: str | Path) -> os.stat_result | None:
    """The status of the file or folder at `path`, links followed; None if there is nothing."""
    try:
        return os.stat(path)  # noqa: PTH116 - a Path takes longer than the file
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


@contextmanager
def _reported(what: str, remedy: str) -> Iterator[None]:
    """Turn the system's errors into `StorageError`, with the reason."""
    try:
        yield
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StorageError(f"{what}: {reason}; {_name_remedy(error) or remedy}") from error


def _name_remedy(error: Exception) -> str | None:
    """What to do about a name that the system refuses; None if an error has another reason."""
    return _NAME_ERRORS.get(error.errno or 0) if isinstance(error, OSError) and error.filename is not None else None
