"""The tests of the storage contract: subclass `StorageContract` and give it a `storage` fixture, empty and writable."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.storage import Storage, StorageError, open_storage, require_name, require_writable
from tasks.storage.memory import MemoryStorage

LEADS_OUT = ["../a.png", "a/../../b.png", "..", "/etc/hostname", "/"]
NO_KEY = ["", ".", "./a.png", "a//b.png", "a/", "a\0.png"]
AWKWARD = ["with space.png", "ünï/çödé 日本.png", "new\nline.png", "-rf.png", "100%25?#&+.png", "q'uo\"te.png", "~"]

names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..")
)
keys = st.lists(names, min_size=1, max_size=2).map("/".join)


def listed(storage: Storage, prefix: str = "") -> list[str]:
    return [entry.key for entry in storage.list(prefix)]


def left_out(storage: Storage, prefix: str = "") -> dict[str, str]:
    """The keys that a listing leaves out, each with the reason."""
    found: dict[str, str] = {}
    list(storage.list(prefix, lambda key, error: found.update({key: str(error)})))
    return found


def sizes(storage: Storage) -> list[tuple[str, int]]:
    return [(entry.key, entry.size) for entry in storage.list()]


def size(storage: Storage, key: str) -> int | None:
    entry = storage.head(key)
    assert entry is None or entry.key == key
    return entry and entry.size


class StorageContract:
    """Tests that hold for each storage."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError("a subclass gives the storage")

    def test_gives_back_what_was_written(self, storage: Storage) -> None:
        storage.write("vgg16/a--b.png", b"\x00\xffpixels\r\n")
        assert storage.read("vgg16/a--b.png") == b"\x00\xffpixels\r\n"

    def test_keeps_empty_objects(self, storage: Storage) -> None:
        storage.write("empty", b"")
        assert storage.read("empty") == b""
        assert size(storage, "empty") == 0

    def test_a_second_write_replaces_the_first(self, storage: Storage) -> None:
        storage.write("a", b"a long first version")
        storage.write("a", b"short")
        assert storage.read("a") == b"short"
        assert sizes(storage) == [("a", 5)]

    def test_a_write_tells_what_it_wrote(self, storage: Storage) -> None:
        assert storage.write("a/b", b"data") == storage.head("a/b")

    def test_lists_nothing_where_nothing_was_written(self, storage: Storage) -> None:
        assert listed(storage) == []

    def test_lists_in_the_order_of_keys(self, storage: Storage) -> None:
        keys = ["b", "a/b/c", "a.png", "a/b.png", "a-b/c", "B", "a0", "ä", "a/b/a"]
        for key in keys:
            storage.write(key, key.encode())
        assert sizes(storage) == [(key, len(key.encode())) for key in sorted(keys)]

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("vgg", ["vgg16/a.png", "vgg19/a.png"]),
            ("vgg16/", ["vgg16/a.png"]),
            ("vgg16/a.png", ["vgg16/a.png"]),
            ("vgg16/a.png/b", []),
            ("results", ["results.csv"]),
            ("../", []),
            ("/", []),
        ],
    )
    def test_lists_the_keys_that_begin_with_a_prefix(self, storage: Storage, prefix: str, expected: list[str]) -> None:
        for key in ("vgg16/a.png", "vgg19/a.png", "results.csv"):
            storage.write(key, b"data")
        assert listed(storage, prefix) == expected

    def test_reading_what_is_not_there_says_where_it_looked(self, storage: Storage) -> None:
        storage.write("there", b"")
        with pytest.raises(StorageError, match="does not exist") as caught:
            storage.read("absent.png")
        assert storage.uri("absent.png") in str(caught.value)

    def test_has_no_entry_for_what_is_not_there(self, storage: Storage) -> None:
        assert storage.head("absent.png") is None
        storage.write("folder/a.png", b"")
        assert storage.head("folder") is None
        assert storage.head("folder/a.png/below") is None

    @pytest.mark.parametrize("key", LEADS_OUT + NO_KEY)
    def test_refuses_what_is_no_key(self, storage: Storage, key: str) -> None:
        for use in (storage.read, storage.head, lambda key: storage.write(key, b"")):
            with pytest.raises(StorageError, match="not allowed"):
                use(key)
        assert listed(storage) == []

    def test_the_address_of_a_key_begins_with_that_of_the_storage(self, storage: Storage) -> None:
        assert storage.uri("a/b c.png").startswith(storage.uri())
        assert storage.uri("a/b c.png").endswith("a/b c.png")
        with pytest.raises(StorageError, match="not allowed"):
            storage.uri("../a.png")

    @pytest.mark.parametrize("other", ["/", "s3://another-bucket"])
    def test_contains_itself_and_no_storage_elsewhere(self, storage: Storage, other: str) -> None:
        assert storage.contains(storage)
        assert not storage.contains(open_storage(other))
        assert not storage.contains(MemoryStorage())

    def test_exists_once_it_was_written_to(self, storage: Storage) -> None:
        storage.write("a.png", b"")
        assert storage.exists()

    @pytest.mark.parametrize("key", AWKWARD)
    def test_takes_awkward_names(self, storage: Storage, key: str) -> None:
        storage.write(key, key.encode())
        assert storage.read(key) == key.encode()
        assert listed(storage) == [key]

    # The fixture outlives an example and the test runs in each subclass: a write replaces what was there.
    @settings(
        max_examples=50,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(key=keys, data=st.binary(max_size=64))
    def test_any_key_comes_back_from_the_listing(self, storage: Storage, key: str, data: bytes) -> None:
        key = f"{len(key.split('/'))}/{key}"  # no name is a file here and a folder there
        storage.write(key, data)
        assert storage.read(key) == data
        assert size(storage, key) == len(data)
        assert key in listed(storage, key)

    def test_a_reader_sees_one_write_or_the_other(self, storage: Storage) -> None:
        versions = [bytes([number]) * 50_000 for number in range(8)]
        storage.write("a", versions[0])
        with ThreadPoolExecutor(4) as pool:
            writes = [pool.submit(storage.write, "a", version) for version in versions * 4]
            reads = [pool.submit(storage.read, "a") for _ in range(32)]
        assert all(write.exception() is None for write in writes)
        assert {read.result() for read in reads} <= set(versions)
        assert listed(storage) == ["a"]

    def test_an_entry_is_the_same_in_the_listing_and_by_itself(self, storage: Storage) -> None:
        storage.write("a.png", b"data")
        assert list(storage.list()) == [storage.head("a.png")]

    def test_is_known_to_be_writable_and_left_as_it_was(self, storage: Storage) -> None:
        assert require_writable(storage) == ()
        require_name(storage, "new/a.png")
        assert listed(storage) == []
