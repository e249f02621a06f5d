import pytest

from tasks.records.row import COLUMNS
from tasks.records.sidecar import ManifestError, Sidecar, read_sidecar, sidecars, write_sidecar
from tasks.storage import StorageError
from tasks.storage.memory import MemoryStorage
from tests.tasks.ledger import PAIR, a_sidecar

DESIGNED_COLUMNS = """
run_id, pair, content, style, output, backbone, weights, optimizer, precision, device, width, height, iterations,
evaluations, status, stop_reason, content_loss, style_loss, tv_loss, total_loss, initial_total_loss, seconds_read,
seconds_prepare, seconds_optimize, seconds_write, seconds_total, iterations_per_second, peak_memory_mb, seed,
fingerprint, content_sha256, style_sha256, output_sha256, engine_version, started_at, error
"""


def made(sidecar: Sidecar, picture: bytes = b"pixels") -> MemoryStorage:
    storage = MemoryStorage({PAIR.picture_key("png"): picture})
    write_sidecar(storage, PAIR.sidecar_key, sidecar)
    return storage


def test_the_columns_are_those_that_scripts_depend_on() -> None:
    assert ", ".join(COLUMNS).split(", ") == DESIGNED_COLUMNS.replace("\n", " ").strip().split(", ")


# sidecars in a storage


def test_a_sidecar_comes_back_from_storage() -> None:
    storage = made(a_sidecar())
    assert read_sidecar(storage, "tiny/lake--wave.json") == a_sidecar()


def test_an_absent_sidecar_is_none() -> None:
    assert read_sidecar(MemoryStorage(), "tiny/lake--wave.json") is None


def test_a_damaged_sidecar_is_named_with_the_remedy() -> None:
    storage = MemoryStorage({"tiny/a--b.json": b"{}"})
    with pytest.raises(ManifestError, match=r"sidecar 'memory://tiny/a--b\.json' cannot be used: .*; delete it"):
        read_sidecar(storage, "tiny/a--b.json")


def test_all_sidecars_come_back_by_backbone_and_damaged_ones_as_errors() -> None:
    storage = MemoryStorage({"tiny/b--c.json": b"oops", "tiny/a--c.png": b"pixels", "results.csv": b""})
    for key in ("vgg16/a--c.json", "tiny/a--c.json", "tiny/deeper/x.json", ".cache/x.json", "top.json"):
        write_sidecar(storage, key, a_sidecar(output=key))
    first, damaged, last = sidecars(storage)
    assert isinstance(first, Sidecar)
    assert first.row.output == "tiny/a--c.json"
    assert isinstance(damaged, ManifestError)
    assert "tiny/b--c.json" in str(damaged)
    assert isinstance(last, Sidecar)
    assert last.row.output == "vgg16/a--c.json"


def test_a_storage_that_fails_is_not_taken_for_a_damaged_sidecar() -> None:
    class Failing(MemoryStorage):
        def read(self, key: str) -> bytes:
            raise StorageError(f"{key} is on fire")

    [error] = sidecars(Failing({"tiny/a--b.json": b""}))
    assert isinstance(error, StorageError)
    assert str(error) == "tiny/a--b.json is on fire"


def test_sidecars_that_are_known_are_not_read() -> None:
    storage = made(a_sidecar())
    assert list(sidecars(storage, known={PAIR.sidecar_key})) == []
