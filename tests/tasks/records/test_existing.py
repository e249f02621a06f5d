"""Whether a picture need not be made again."""

from dataclasses import asdict, replace
from hashlib import sha256

import pytest

from tasks.records.existing import finished, recorded, skipped_row
from tasks.records.sidecar import Sidecar, write_sidecar
from tasks.storage import Entry
from tasks.storage.memory import MemoryStorage
from tests.tasks.ledger import PAIR, a_row, a_sidecar


def made(sidecar: Sidecar, picture: bytes = b"pixels") -> MemoryStorage:
    storage = MemoryStorage({PAIR.picture_key("png"): picture})
    write_sidecar(storage, PAIR.sidecar_key, sidecar)
    return storage


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


def test_a_skipped_row_has_this_runs_names_and_the_figures_of_the_run_that_made_it() -> None:
    sidecar = a_sidecar()
    names = {"run_id": "run-2", "pair": "c--s", "content": "new/c.jpg", "style": "new/s.jpg", "output": "new/o.png"}
    row = skipped_row(sidecar, a_row(**names, total_loss=None))
    assert asdict(row) == {**asdict(sidecar.row), **names, "status": "skipped"}
