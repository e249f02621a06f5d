"""Where pictures come from and go to: bytes under keys, behind seven methods.

`base` says what a storage is, `local` is a folder, `s3` a bucket (`s3_credentials` and `s3_errors` are parts of it),
`memory` a storage for tests. `file_lock` locks files, for this package and for those above. The functions below open
the storage of an address; a new kind of storage is added here.

May import the engine's errors; loads boto3 for buckets alone.

Start reading at `base.Storage`.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from tasks.storage.base import Entry, Guarded, Storage, StorageError
from tasks.storage.local import LocalStorage

__all__ = [
    "Entry",
    "Storage",
    "StorageError",
    "is_path",
    "open_storage",
    "read_uri",
    "require_name",
    "require_writable",
]


def open_storage(uri: str) -> Storage:
    """The storage at `uri`: a folder's path, which may begin with `~`, a `file:///` URI, or `s3://bucket/prefix`.

    Nothing is touched yet.

    Raises:
        StorageError: the address is empty or incomplete, or its scheme is not known.
    """
    scheme, place = _parts(uri)
    return _bucket(*_split(place)) if scheme == "s3" else LocalStorage(_path(place))


def read_uri(uri: str) -> bytes:
    """The bytes at a path, a `file:///` URI, or `s3://bucket/key`, such as `Storage.uri` returns.

    Symbolic links are followed wherever they lead: there is no folder that they could lead out of.

    Raises:
        StorageError: there is no such object, or it cannot be read.
    """
    scheme, place = _parts(uri)
    if scheme == "s3":
        bucket, key = _split(place)
        return _bucket(bucket).read(key)
    try:
        path = Path(os.path.realpath(_path(place)))
    except ValueError as error:
        raise StorageError(f"file {uri!r} has no name that a file can have here; rename it") from error
    return LocalStorage(path.parent).read(path.name)


def require_writable(storage: Storage, folders: Iterable[str] = ("",)) -> tuple[str, ...]:
    """Check that `storage` accepts writes, before any work is done for it; it stays unchanged.

    Args:
        storage: is written to as results are, and cleared of that again.
        folders: the parts of keys before a `/` that are to be tried; the empty one is the storage itself.

    Returns:
        A line for each thing that is to be known about writes there.

    Raises:
        StorageError: it does not accept writes; the text says why and what to do.
    """
    return storage.require_writable(folders) if isinstance(storage, Guarded) else ()


def require_name(storage: Storage, key: str) -> None:
    """Check that an object in `storage` may bear the name `key`; whether writes are accepted now does not count.

    Raises:
        StorageError: no object may; the text says why and what to do.
    """
    if isinstance(storage, Guarded):
        storage.require_name(key)


def is_path(address: str) -> bool:
    """Whether an address is a path, and no URI."""
    return "://" not in address


def _parts(uri: str) -> tuple[str, str]:
    """The scheme of an address, `s3` or `file`, and the rest: bucket and prefix, or a path."""
    if uri.removeprefix("s3://").startswith("arn:"):
        remedy = "use s3://bucket/prefix, for an access point with its alias, which ends in -s3alias, as the bucket"
        raise StorageError(f"storage {uri!r} is an ARN, which names no storage here; {remedy}")
    if is_path(uri):
        return "file", uri
    scheme, _, rest = uri.partition("://")
    if scheme not in ("s3", "file"):
        # The address itself is not repeated: it may be signed, or bear a password.
        raise StorageError(f"a storage has the unknown scheme {scheme!r}; use a folder's path or s3://bucket/prefix")
    if scheme == "file" and not rest.startswith("/"):
        raise StorageError(f"storage {uri!r} names no absolute path; use file:///absolute/path or a folder's path")
    return scheme, rest if scheme == "s3" else unquote(rest)


def _split(place: str) -> tuple[str, str]:
    bucket, _, rest = place.partition("/")
    return bucket, rest


def _bucket(name: str, prefix: str = "") -> Storage:
    from tasks.storage.s3 import S3Storage  # loads boto3, which folders do not need

    return S3Storage(name, prefix)


def _path(path: str) -> Path:
    if not path or "\0" in path:
        raise StorageError(f"storage {path!r} is no path; name a folder, '.' for the current one")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise StorageError(f"storage {path!r} begins with a home that is not known; write the path in full") from error
