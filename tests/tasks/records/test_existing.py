"""Finds results that are finished and need not be made again."""

from dataclasses import asdict, replace
from hashlib import sha256

import pytest

from tasks.records.existing import find_sidecar, is_finished, skipped_row
from tasks.records.sidecar import Sidecar, write_sidecar
from tasks.storage import Entry
from tasks.storage.memory import MemoryStorage
from tests.tasks.ledger import PAIR, a_row, a_sidecar


def made(sidecar: Sidecar, picture: bytes = b"pixels") -> MemoryStorage:
    storage = MemoryStorage({PAIR.picture_key("png"): picture})
    write_sidecar(storage, PAIR.sidecar_key, sidecar)
    return storage


def is_complete(sidecar: Sidecar, picture: bytes = b"pixels", fingerprint: str = "f" * 64, suffix: str = "png") -> bool:
    return is_finished(made(sidecar, picture), PAIR, sidecar, fingerprint, suffix)


@pytest.mark.parametrize("status", ["completed", "converged"])
def test_a_picture_of_the_same_fingerprint_is_finished(status: str) -> None:
    assert is_complete(a_sidecar(status=status, output_sha256=sha256(b"pixels").hexdigest()))


def test_a_picture_with_other_bytes_than_its_sidecar_says_is_not_finished() -> None:
    assert not is_complete(a_sidecar(output_sha256=sha256(b"pixels").hexdigest()), b"others")


def test_a_picture_of_another_fingerprint_is_not_finished() -> None:
    recorded = {"output_sha256": sha256(b"pixels").hexdigest()}
    assert not is_complete(a_sidecar(**recorded), fingerprint="0" * 64)
    assert not is_complete(a_sidecar(**recorded, fingerprint=None))


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_failed_or_skipped_pair_is_not_finished(status: str) -> None:
    assert not is_complete(a_sidecar(status=status, output_sha256=sha256(b"pixels").hexdigest()))


def test_a_sidecar_without_its_picture_is_not_finished() -> None:
    recorded = a_sidecar(output_sha256=sha256(b"pixels").hexdigest())
    assert not is_complete(recorded, picture=b"")
    assert not is_complete(recorded, suffix="webp")


class Tagged(MemoryStorage):
    """A storage with ETags, whose bytes must not be read."""

    def head(self, key: str) -> Entry | None:
        entry = super().head(key)
        return entry and replace(entry, etag="the tag of now")

    def read(self, key: str) -> bytes:
        raise AssertionError(f"{key} is not to be read")


def test_a_picture_whose_etag_is_in_the_sidecar_is_finished_without_being_read() -> None:
    sidecar = replace(a_sidecar(), etags={"output": "the tag of now"})
    storage = Tagged({PAIR.picture_key("png"): b"pixels"})
    assert is_finished(storage, PAIR, sidecar, "f" * 64, "png")
    with pytest.raises(AssertionError, match="not to be read"):
        is_finished(storage, PAIR, replace(sidecar, etags={"output": "an older tag"}), "f" * 64, "png")


def test_finds_a_sidecar_that_is_there_and_whole() -> None:
    assert find_sidecar(MemoryStorage(), PAIR) is None
    assert find_sidecar(MemoryStorage({PAIR.sidecar_key: b"{"}), PAIR) is None
    assert find_sidecar(made(a_sidecar()), PAIR) == a_sidecar()


def test_a_skipped_row_has_this_runs_names_and_the_figures_of_the_run_that_made_it() -> None:
    sidecar = a_sidecar()
    names = {"run_id": "run-2", "pair": "c--s", "content": "new/c.jpg", "style": "new/s.jpg", "output": "new/o.png"}
    row = skipped_row(sidecar, a_row(**names, total_loss=None))
    assert asdict(row) == {**asdict(sidecar.row), **names, "status": "skipped"}
