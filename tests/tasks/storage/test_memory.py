import pytest

from tasks.storage import Storage
from tasks.storage.memory import MemoryStorage
from tests.tasks.storage.contract import StorageContract


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> Storage:
        return MemoryStorage()


def test_begins_with_a_copy_of_what_it_is_given() -> None:
    objects = {"a.png": b"data"}
    storage = MemoryStorage(objects)
    storage.write("b.png", b"")
    assert storage.read("a.png") == b"data"
    assert list(objects) == ["a.png"]


def test_exists_from_the_start() -> None:
    assert MemoryStorage().exists()


def test_a_listing_is_of_the_moment_it_was_asked_for() -> None:
    storage = MemoryStorage({"a": b""})
    entries = storage.list()
    storage.write("b", b"")
    assert [entry.key for entry in entries] == ["a"]
