"""The storage contract: seven methods, and the errors they raise."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from nst_engine.errors import NightbrushError


class StorageError(NightbrushError):
    """A storage cannot be opened, read or written; the text names the URI and the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored object.

    Attributes:
        key: relative to the storage and `/`-separated.
        size: in bytes.
        etag: a tag that changes with the bytes; None if the storage has none.
    """

    key: str
    size: int
    etag: str | None = None


OnError: TypeAlias = Callable[[str, StorageError], object]
"""Takes the key of an object or folder that a listing leaves out, and the reason. A folder's key ends in `/`."""


def ignore(_key: str, _error: StorageError) -> None:
    """Do nothing about what a listing leaves out."""


LARGEST = 2**31
"""Bytes of an object at most: objects are read into memory whole, and no picture is that large."""


class Storage(Protocol):
    """Bytes under keys. A key is relative and `/`-separated, whatever the platform.

    A write is atomic: a reader sees the old bytes or the new ones, never a part. Each method raises
    `StorageError` for what cannot be done; a key that leads out of the storage is refused.
    """

    def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        """The objects whose keys begin with `prefix`, in the order of their keys, or of a server that has another.

        An item that is not allowed as an object, or cannot be looked up, is left out and reported to `onerror`. If the
        storage itself cannot be listed, `StorageError` is raised.
        """

    def read(self, key: str) -> bytes:
        """The bytes under `key`."""

    def write(self, key: str, data: bytes) -> Entry:
        """Put `data` under `key`, atomically; returns the entry, without a tag where the storage does not tell it."""

    def head(self, key: str) -> Entry | None:
        """The entry under `key`, or None where there is none."""

    def uri(self, key: str = "") -> str:
        """The storage's own address, or that of a key: a path, or `s3://bucket/key`."""

    def exists(self) -> bool:
        """Whether the storage is there; one that is not comes into being with the first write."""

    def contains(self, other: "Storage") -> bool:
        """Whether `other` is this storage or lies within it."""


@runtime_checkable
class Guarded(Protocol):
    """A storage that may refuse writes, and can check that without leaving anything behind."""

    def require_writable(self, folders: Iterable[str] = ("",)) -> tuple[str, ...]:
        """Check that writes into `folders` are accepted, by a write; returns a line for each thing to know about them.

        Raises `StorageError` if they are not. A folder is the part of keys before a `/`; the empty one is the storage.
        """

    def require_name(self, key: str) -> None:
        """Check that an object may bear the name `key`, whether or not writes are accepted now.

        Raises `StorageError` if no object may.
        """


def check_size(subject: str, size: int) -> None:
    """Refuse an object that is too large to be read.

    Args:
        subject: kind and URI of the object, for the error.
        size: its size in bytes.

    Raises:
        StorageError: the size is more than `LARGEST`.
    """
    if size > LARGEST:
        raise StorageError(f"{subject} has {size} bytes, {LARGEST} are allowed; leave it out")


def check_key(key: str) -> None:
    """Refuse a text that is not a key.

    Raises:
        StorageError: the key is empty, absolute, ends in `/`, or has an empty part, `.`, `..` or a NUL.
    """
    parts = key.split("/")
    if "\0" in key or not all(parts) or not {".", ".."}.isdisjoint(parts):
        raise StorageError(f"key {key!r} is not allowed; use names other than '.' and '..', separated by single '/'")
