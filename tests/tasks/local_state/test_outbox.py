"""A picture that could not be written is kept, and written by the next run without being made again."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tasks.local_state import outbox, state_folder
from tasks.local_state.outbox import UnwrittenPicture
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.records.sidecar import Sidecar, read_sidecar
from tasks.storage import Entry, StorageError
from tasks.storage.local import LocalStorage
from tests.tasks.studio import CONFIG, a_job, a_pair, output_of

PAIR = a_pair()


def refuse_writes(monkeypatch: pytest.MonkeyPatch, output: str, suffix: str) -> None:
    """Make the folder of the output take no file of that suffix."""
    write = LocalStorage.write

    def refusing(self: LocalStorage, key: str, data: bytes) -> Entry:
        if str(self.root) == output and key.endswith(suffix):
            raise StorageError("the bucket is not there")
        return write(self, key, data)

    monkeypatch.setattr(LocalStorage, "write", refusing)


def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Any:
        raise AssertionError("no picture is to be made")

    monkeypatch.setattr("tasks.making.stylize_pair.engine", refuse)


def an_unwritten_picture(job: Job) -> UnwrittenPicture:
    row = stylize_pair(PAIR, job)
    sidecar = read_sidecar(output_of(job), PAIR.sidecar_key)
    assert isinstance(sidecar, Sidecar)
    return UnwrittenPicture(data=Path(row.output).read_bytes(), sidecar=sidecar)


@pytest.mark.parametrize("suffix", [".png", ".json"])
def test_what_an_output_refused_is_written_by_the_next_run_and_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    job = a_job(tmp_path)
    with monkeypatch.context() as patch:
        refuse_writes(patch, job.output, suffix)
        failed = stylize_pair(PAIR, job)
    assert failed.status == "failed"
    (kept,) = (state_folder() / "outbox").glob("*.picture")
    assert failed.error == f"the bucket is not there; the picture is kept as {str(kept)!r} until a run can write it"
    assert (outbox.count(), outbox.folder()) == (1, kept.parent)
    without_engine(monkeypatch)
    row = stylize_pair(PAIR, replace(job, run_id="morning"))
    assert (row.status, row.run_id, row.error) == ("completed", "morning", None)
    assert row.total_loss == failed.total_loss
    assert sha256(Path(row.output).read_bytes()).hexdigest() == row.output_sha256
    assert stylize_pair(PAIR, job).status == "skipped"
    assert list((state_folder() / "outbox").iterdir()) == []
    assert outbox.count() == 0


def test_a_kept_picture_goes_to_whatever_output_asks_for_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(tmp_path)
    with monkeypatch.context() as patch:
        refuse_writes(patch, job.output, ".png")
        stylize_pair(PAIR, job)
    without_engine(monkeypatch)
    row = stylize_pair(PAIR, replace(job, output=str(tmp_path / "elsewhere")))
    assert row.output == str(tmp_path / "elsewhere/tiny/lake--wave.png")
    assert row.status == "completed"


def test_a_kept_picture_takes_the_name_of_the_pair_that_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(tmp_path)
    with monkeypatch.context() as patch:
        refuse_writes(patch, job.output, ".png")
        stylize_pair(PAIR, job)
    Path(job.content, "lake.png").rename(Path(job.content, "pond.png"))
    without_engine(monkeypatch)
    pond = a_pair("pond.png")
    row = stylize_pair(pond, job)
    assert (row.status, row.pair, Path(row.output).name) == ("completed", "pond--wave", "pond--wave.png")
    sidecar = read_sidecar(output_of(job), pond.sidecar_key)
    assert isinstance(sidecar, Sidecar)
    assert sidecar.row == row


def test_where_it_cannot_be_kept_either_the_row_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job(tmp_path)
    state_folder().mkdir(parents=True, exist_ok=True)
    (state_folder() / "outbox").touch()
    refuse_writes(monkeypatch, job.output, ".png")
    row = stylize_pair(PAIR, job)
    assert row.status == "failed"
    assert "the bucket is not there" in str(row.error)
    assert "cannot be kept on this machine either" in str(row.error)


def test_a_kept_picture_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    made = an_unwritten_picture(a_job(tmp_path))
    outbox.save("f", replace(made, data=made.data + b"!"))
    assert outbox.load("f") is None
    outbox.save("f", made)
    assert outbox.load("f") == made
    (state_folder() / "outbox/f.json").write_text("{")
    assert outbox.load("f") is None


def test_a_kept_picture_that_cannot_be_kept_anew_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = an_unwritten_picture(a_job(tmp_path))
    outbox.save("f", made)
    for suffix in (".picture", ".json"):
        with monkeypatch.context() as patch:
            refuse_writes(patch, str(state_folder() / "outbox"), suffix)
            with pytest.raises(StorageError):
                outbox.save("f", made)
        assert outbox.load("f") == made


def test_a_deleted_picture_is_gone(tmp_path: Path) -> None:
    outbox.save("f", an_unwritten_picture(a_job(tmp_path)))
    for _ in range(2):
        outbox.delete("f")
    assert outbox.load("f") is None


def test_a_snapshot_that_cannot_be_written_costs_a_note_and_not_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(tmp_path, CONFIG.replace(snapshot_every=2))
    write = LocalStorage.write

    def refusing(self: LocalStorage, key: str, data: bytes) -> Entry:
        if ".steps/" in key:
            raise StorageError("the bucket is full")
        return write(self, key, data)

    monkeypatch.setattr(LocalStorage, "write", refusing)
    row = stylize_pair(PAIR, job)
    assert (row.status, row.error) == ("completed", "a snapshot is missing: the bucket is full")
