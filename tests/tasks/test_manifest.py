from dataclasses import asdict, replace
from hashlib import sha256

import pytest

from tasks.manifest import (
    COLUMNS,
    ManifestError,
    Sidecar,
    finished,
    read_sidecar,
    recorded,
    sidecars,
    skipped_row,
    write_sidecar,
)
from tasks.storage import Entry, StorageError
from tasks.storage.memory import MemoryStorage
from tests.tasks.ledger import PAIR, a_row, a_sidecar

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

    with pytest.raises(StorageError, match="on fire"):
        list(sidecars(Failing({"tiny/a--b.json": b""})))


# what is finished


def is_finished(sidecar: Sidecar, picture: bytes = b"pixels", fingerprint: str = "f" * 64, suffix: str = "png") -> bool:
    return finished(made(sidecar, picture), PAIR, sidecar, fingerprint, suffix)


@pytest.mark.parametrize("status", ["completed", "converged"])
def test_a_picture_of_the_same_fingerprint_is_finished(status: str) -> None:
    assert is_finished(a_sidecar(status=status, output_sha256=sha256(b"pixels").hexdigest()))


def test_a_picture_that_is_not_the_one_its_sidecar_tells_of_is_not_finished() -> None:
    assert not is_finished(a_sidecar(output_sha256=sha256(b"pixels").hexdigest()), b"others")


def test_a_picture_of_another_fingerprint_is_not_finished() -> None:
    told = {"output_sha256": sha256(b"pixels").hexdigest()}
    assert not is_finished(a_sidecar(**told), fingerprint="0" * 64)
    assert not is_finished(a_sidecar(**told, fingerprint=None))


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_what_was_not_made_is_not_finished(status: str) -> None:
    assert not is_finished(a_sidecar(status=status, output_sha256=sha256(b"pixels").hexdigest()))


def test_a_sidecar_without_its_picture_is_not_finished() -> None:
    told = a_sidecar(output_sha256=sha256(b"pixels").hexdigest())
    assert not is_finished(told, picture=b"")
    assert not is_finished(told, suffix="webp")


class Tagged(MemoryStorage):
    """A storage that knows ETags, and tells of no bytes."""

    def head(self, key: str) -> Entry | None:
        entry = super().head(key)
        return entry and replace(entry, etag="the tag of now")

    def read(self, key: str) -> bytes:
        raise AssertionError(f"{key} is not to be read")


def test_a_picture_with_the_etag_that_it_was_written_with_is_finished_unread() -> None:
    sidecar = replace(a_sidecar(), etags={"output": "the tag of now"})
    storage = Tagged({PAIR.picture_key("png"): b"pixels"})
    assert finished(storage, PAIR, sidecar, "f" * 64, "png")
    with pytest.raises(AssertionError, match="not to be read"):
        finished(storage, PAIR, replace(sidecar, etags={"output": "an older tag"}), "f" * 64, "png")


def test_a_sidecar_is_recorded_if_it_is_there_and_whole() -> None:
    assert recorded(MemoryStorage(), PAIR) is None
    assert recorded(MemoryStorage({PAIR.sidecar_key: b"{"}), PAIR) is None
    assert recorded(made(a_sidecar()), PAIR) == a_sidecar()


def test_a_skipped_row_has_this_run_and_its_places_and_the_figures_of_the_run_that_made_it() -> None:
    sidecar = a_sidecar()
    places = {"run_id": "run-2", "content": "moved/c.jpg", "style": "moved/s.jpg", "output": "moved/o.png"}
    row = skipped_row(sidecar, a_row(**places, total_loss=None))
    assert asdict(row) == {**asdict(sidecar.row), **places, "status": "skipped"}
