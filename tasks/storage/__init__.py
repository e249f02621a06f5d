"""Where pictures come from and go to: bytes under keys, behind five methods."""

from pathlib import Path
from urllib.parse import unquote

from tasks.storage.base import Entry, Storage, StorageError
from tasks.storage.local import LocalStorage

__all__ = ["Entry", "Storage", "StorageError", "open_storage", "read_uri", "require_writable"]

PROBE_KEY = ".nightbrush-probe"
"""What `require_writable` leaves in a storage that is no folder, for a storage can remove nothing."""


def open_storage(uri: str) -> Storage:
    """The storage at `uri`: a folder's path, which may begin with `~`, or a `file:///` URI. Nothing is touched yet.

    Raises:
        StorageError: the address is empty or incomplete, or its scheme is not known.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return LocalStorage(_folder(uri))
    if scheme != "file":
        raise StorageError(f"storage {uri!r} has the unknown scheme {scheme!r}; use a folder's path")
    if not rest.startswith("/"):
        raise StorageError(f"storage {uri!r} names no absolute path; use file:///absolute/path or a folder's path")
    return LocalStorage(_folder(unquote(rest)))


def read_uri(uri: str) -> bytes:
    """The bytes at an address that some storage's `uri` gave.

    Raises:
        StorageError: there is nothing, or it cannot be read.
    """
    root, _, key = uri.rpartition("/")
    return open_storage(root).read(key)


def require_writable(storage: Storage) -> None:
    """See that `storage` takes writes, before any work is done for it.

    A folder is left as it was, created or not; any other storage keeps a small object under `PROBE_KEY`.

    Raises:
        StorageError: it does not; the text says why and what to do.
    """
    if isinstance(storage, LocalStorage):
        storage.require_writable()
    else:
        storage.write(PROBE_KEY, b"Nightbrush wrote this to see that it may write here.\n")


def _folder(path: str) -> Path:
    if not path or "\0" in path:
        raise StorageError(f"storage {path!r} is no path; name a folder, '.' for the current one")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise StorageError(f"storage {path!r} begins with a home that is not known; write the path in full") from error
