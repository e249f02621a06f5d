"""Bytes in a dictionary: a storage for tests, and the contract's shortest reading."""

from collections.abc import Iterator, Mapping

from tasks.storage.base import Entry, OnError, Storage, StorageError, check_key, ignore


class MemoryStorage:
    """A storage in memory that begins with a copy of `objects`."""

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self._objects = dict(objects or {})

    def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        """The objects whose keys begin with `prefix`, in the order of their keys."""
        del onerror
        return (Entry(key, len(data)) for key, data in sorted(self._objects.items()) if key.startswith(prefix))

    def read(self, key: str) -> bytes:
        """The bytes under `key`."""
        check_key(key)
        if key not in self._objects:
            raise StorageError(f"object {self.uri(key)!r} does not exist; check its key")
        return self._objects[key]

    def write(self, key: str, data: bytes) -> Entry:
        """Put `data` under `key`."""
        check_key(key)
        self._objects[key] = data
        return Entry(key, len(data))

    def head(self, key: str) -> Entry | None:
        """The entry under `key`, or None where there is none."""
        check_key(key)
        return Entry(key, len(self._objects[key])) if key in self._objects else None

    def uri(self, key: str = "") -> str:
        """`memory://`, or `memory://key`."""
        if key:
            check_key(key)
        return f"memory://{key}"

    def exists(self) -> bool:
        """True: it does as long as its object."""
        return True

    def contains(self, other: Storage) -> bool:
        """Whether `other` is this very object."""
        return other is self
