"""A folder as a storage."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tasks.storage.base import Entry, StorageError, check_key

_TEMPORARY = (".nightbrush-", ".tmp")
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class LocalStorage:
    """The files below the folder `root`, their paths relative to it as keys.

    Symbolic links are followed as long as they stay below the root. The folder itself may come into being
    with the first write.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """The regular files whose keys begin with `prefix`, in the order of their keys.

        Temporary files of a write, and links that lead out of the root, are no part of the storage.
        """
        self._require_root()
        return _walk((self._real_root(),), "", prefix)

    def read(self, key: str) -> bytes:
        """The bytes of the file `key`."""
        path = self._path(key)
        self._require_root()
        if self.head(key) is None:
            raise StorageError(f"file {self.uri(key)!r} does not exist; check its name")
        with _reported(f"file {self.uri(key)!r} cannot be read", "check its permissions"):
            return path.read_bytes()

    def write(self, key: str, data: bytes) -> None:
        """Put `data` into the file `key`, atomically; folders on the way are made."""
        path = self._path(key)
        with _reported(f"file {self.uri(key)!r} cannot be written", "check permissions and free space"):
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, data)

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

    def require_writable(self) -> None:
        """See that files can be made below the root, or below what there is of its path yet; nothing is left behind.

        Raises:
            StorageError: they cannot.
        """
        remedy = "choose another folder or change its permissions"
        with _reported(f"folder {self.uri()!r} cannot be written", remedy):
            there = next(path for path in (self.root, *self.root.parents) if path.exists() or path.is_symlink())
            if not there.is_dir():
                raise StorageError(f"folder {self.uri()!r} cannot be made: {str(there)!r} is no folder; choose another")
            tempfile.TemporaryFile(dir=there).close()

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
        """Where `key` lies, links followed."""
        check_key(key)
        with _reported(f"key {key!r} is no file name here", "rename it"):
            path = Path(os.path.realpath(self.root / key))
        if not path.is_relative_to(self._real_root()):
            raise StorageError(
                f"key {key!r} leads out of the folder {self.uri()!r}, to {str(path)!r}; use one below it"
            )
        return path


def _walk(trail: tuple[Path, ...], folder: str, prefix: str) -> Iterator[Entry]:
    """The entries below the last folder of `trail`: real paths from the root on, by which rings of links end.

    `folder` is the key of that folder: empty, or ending in `/`.
    """
    for name, path, info in _scan(trail[-1], trail[0]):
        key = folder + name
        if stat.S_ISREG(info.st_mode) and key.startswith(prefix):
            yield Entry(key, info.st_size)
        elif stat.S_ISDIR(info.st_mode) and path not in trail and (key.startswith(prefix) or prefix.startswith(key)):
            yield from _walk((*trail, path), key, prefix)


def _scan(folder: Path, root: Path) -> list[tuple[str, Path, os.stat_result]]:
    """What `folder` holds: names, real paths and status.

    The name of a folder ends in `/`: so sorted, keys come in their order (`a.jpg` before `a/b.jpg`).
    """
    found = []
    with _reported(f"folder {str(folder)!r} cannot be listed", "check its permissions"), os.scandir(folder) as items:
        for item in items:
            path = Path(os.path.realpath(item.path)) if item.is_symlink() else Path(item.path)
            if _is_temporary(item.name) or not path.is_relative_to(root):
                continue
            if info := _stat(path):
                found.append((item.name + "/" * stat.S_ISDIR(info.st_mode), path, info))
    return sorted(found)


def _replace(path: Path, data: bytes) -> None:
    prefix, suffix = _TEMPORARY
    temporary = path.with_name(f"{prefix}{uuid4().hex}{suffix}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _is_temporary(name: str) -> bool:
    prefix, suffix = _TEMPORARY
    return name.startswith(prefix) and name.endswith(suffix)


def _stat(path: Path) -> os.stat_result | None:
    """The status of what `path` leads to, or None where that is nothing."""
    try:
        return path.stat()
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


@contextmanager
def _reported(what: str, remedy: str) -> Iterator[None]:
    """Turn the system's errors into ours, reason included."""
    try:
        yield
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StorageError(f"{what}: {reason}; {remedy}") from error
