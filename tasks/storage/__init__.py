"""Where pictures come from and go to: bytes under keys, behind five methods."""

from pathlib import Path
from urllib.parse import unquote

from tasks.storage.base import Entry, Guarded, Storage, StorageError
from tasks.storage.local import LocalStorage

__all__ = ["Entry", "Storage", "StorageError", "open_storage", "read_uri", "require_writable"]


def open_storage(uri: str) -> Storage:
    """The storage at `uri`: a folder's path, which may begin with `~`, a `file:///` URI, or `s3://bucket/prefix`.

    Nothing is touched yet.

    Raises:
        StorageError: the address is empty or incomplete, or its scheme is not known.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return LocalStorage(_folder(uri))
    if scheme == "s3":
        return _bucket(rest)
    if scheme != "file":
        # The address itself is not repeated: it may be signed, or bear a password.
        raise StorageError(f"a storage has the unknown scheme {scheme!r}; use a folder's path or s3://bucket/prefix")
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
    """See that `storage` takes writes, before any work is done for it; it is left as it was.

    Raises:
        StorageError: it does not; the text says why and what to do.
    """
    if isinstance(storage, Guarded):
        storage.require_writable()


def _bucket(address: str) -> Storage:
    from tasks.storage.s3 import S3Storage  # it loads boto3, which folders do without

    bucket, _, prefix = address.partition("/")
    return S3Storage(bucket, prefix)


def _folder(path: str) -> Path:
    if not path or "\0" in path:
        raise StorageError(f"storage {path!r} is no path; name a folder, '.' for the current one")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise StorageError(f"storage {path!r} begins with a home that is not known; write the path in full") from error
