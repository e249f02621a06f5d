"""Disks that fill up, folders that vanish, inputs that change: what each costs, and what the next run does."""

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from nst_engine.images import read_provenance
from tasks.local_state import state_folder
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.reporting.outputs import write_outputs
from tasks.storage import StorageError
from tests.tasks.studio import a_job, a_pair, output_of, paint

PAIR = a_pair()
KEPT = " until a run can write it"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path)


def files(folder: Path | str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every transfer fail."""
    monkeypatch.setattr("tasks.making.stylize_pair.engine", None)


def first_time(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], object]) -> None:
    """Run an action when a file is first forced to the disk, which is the file of the picture."""
    fsync, times = os.fsync, list[int]()

    def watched(descriptor: int) -> None:
        times.append(descriptor)
        if len(times) == 1:
            happen()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)


def refusing(number: int) -> Callable[[], object]:
    def refuse() -> None:
        raise OSError(number, os.strerror(number))

    return refuse


# the output


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_disk_that_takes_no_picture_costs_a_row_and_no_stylization(
    job: Job, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as patch:
        first_time(patch, refusing(number))
        failed = stylize_pair(PAIR, job)
    reason = f"cannot be written: {os.strerror(number)}; check permissions and free space; the picture is kept as "
    assert failed.status == "failed"
    assert str(failed.error).startswith(f"file {failed.output!r} {reason}")
    assert str(failed.error).endswith(KEPT)
    assert files(job.output) == []
    without_engine(monkeypatch)
    row = stylize_pair(PAIR, job)
    assert (row.status, row.error, row.total_loss) == ("completed", None, failed.total_loss)
    assert sha256(Path(row.output).read_bytes()).hexdigest() == row.output_sha256


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Have the system cut files off at that size, in bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_no_disk_takes_the_picture_nothing_is_left_of_it_and_the_row_says_so(job: Job) -> None:
    with no_file_above(1000):
        failed = stylize_pair(PAIR, job)
    assert failed.status == "failed"
    assert str(failed.error).startswith(f"file {failed.output!r} cannot be written: File too large; check permissions")
    assert "; the picture cannot be kept on this machine either: file " in str(failed.error)
    assert files(job.output) == files(state_folder() / "outbox") == []
    assert stylize_pair(PAIR, job).status == "completed"


def test_a_disk_with_room_for_the_picture_alone_keeps_nothing_by_halves(job: Job) -> None:
    job = replace(job, config=job.config.replace(iterations=20, record_every=1))
    made = Path(stylize_pair(PAIR, job).output)
    picture, sidecar = (made.with_suffix(suffix).stat().st_size for suffix in (".png", ".json"))
    shutil.rmtree(job.output)
    with no_file_above((picture + sidecar) // 2):
        assert "cannot be kept on this machine either" in str(stylize_pair(PAIR, job).error)
    assert picture < sidecar
    assert files(job.output) == ["tiny/lake--wave.png"]
    assert files(state_folder() / "outbox") == []
    assert stylize_pair(PAIR, job).status == "completed"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write")
def test_an_output_that_may_only_be_read_costs_a_row_and_no_stylization(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = stylize_pair(PAIR, replace(job, output="/proc/nightbrush"))
    assert failed.status == "failed"
    assert str(failed.error).startswith("file '/proc/nightbrush/tiny/lake--wave.png' cannot be written: ")
    assert str(failed.error).endswith(KEPT)
    without_engine(monkeypatch)
    row = stylize_pair(PAIR, replace(job, output=str(tmp_path / "elsewhere")))
    assert (row.status, row.total_loss) == ("completed", failed.total_loss)


def test_an_output_that_is_deleted_while_a_picture_is_written_costs_a_row_and_no_stylization(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        first_time(patch, lambda: shutil.rmtree(job.output))
        failed = stylize_pair(PAIR, job)
    assert failed.status == "failed"
    assert "cannot be written: No such file or directory; check permissions and free space; " in str(failed.error)
    assert str(failed.error).endswith(KEPT)
    without_engine(monkeypatch)
    assert stylize_pair(PAIR, job).status == "completed"


def test_an_output_that_is_deleted_between_two_pairs_costs_what_was_in_it(job: Job) -> None:
    paint(Path(job.content, "hill.png"), 5)
    pairs = a_pair("hill.png"), PAIR
    rows = [stylize_pair(pairs[0], job)]
    shutil.rmtree(job.output)
    rows.append(stylize_pair(pairs[1], job))
    assert write_outputs(output_of(job), rows).summary.rows == tuple(rows)
    assert files(job.output)[-2:] == ["tiny/lake--wave.json", "tiny/lake--wave.png"]
    assert [stylize_pair(pair, job).status for pair in pairs] == ["completed", "skipped"]


def test_a_disk_that_is_full_at_the_end_leaves_the_earlier_results_as_they_were(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [stylize_pair(PAIR, job)]
    write_outputs(output_of(job), rows)
    results = Path(job.output, "results.csv")
    before = results.read_bytes()
    first_time(monkeypatch, refusing(errno.ENOSPC))
    with pytest.raises(StorageError, match=r"results\.csv' cannot be written: No space left on device"):
        write_outputs(output_of(job), [replace(row, run_id="morning") for row in rows])
    assert results.read_bytes() == before
    assert len(files(job.output)) == 5


# what is kept on this machine


def test_a_home_that_can_be_neither_read_nor_emptied_costs_no_picture(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat, unlink = os.stat, Path.unlink

    def denied(use: Callable[..., Any]) -> Callable[..., Any]:
        def deny(path: Any, *arguments: Any, **options: Any) -> Any:
            if "/outbox/" in str(path):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return use(path, *arguments, **options)

        return deny

    monkeypatch.setattr(os, "stat", denied(stat))
    monkeypatch.setattr(Path, "unlink", denied(unlink))
    row = stylize_pair(PAIR, job)
    assert (row.status, row.error) == ("completed", None)


# the inputs


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_an_input_that_cannot_be_read_costs_a_row_that_names_it(
    job: Job, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "lake.png":
            raise OSError(number, os.strerror(number))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    row = stylize_pair(PAIR, job)
    reason = f"file {row.content!r} cannot be read: {os.strerror(number)}; check its permissions"
    assert (row.status, row.error) == ("failed", reason)
    assert files(job.output) == []


def test_an_input_that_changes_right_after_it_was_read_is_what_was_read(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, read = Path(job.content, "lake.png"), Path.read_bytes
    before = lake.read_bytes()

    def changing(path: Path) -> bytes:
        data = read(path)
        if path == lake:
            paint(lake, 9, 36, 48)
        return data

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", changing)
        row = stylize_pair(PAIR, job)
    told = read_provenance(row.output)
    assert (row.status, row.width, row.height) == ("completed", 32, 24)
    assert told is not None
    assert told["content"]["sha256"] == row.content_sha256 == sha256(before).hexdigest()
    again = stylize_pair(PAIR, job)
    assert (again.status, again.width, again.height) == ("completed", 24, 32)
    assert again.content_sha256 == sha256(lake.read_bytes()).hexdigest()


def test_an_input_that_is_still_being_copied_costs_a_row_until_it_is_there(job: Job) -> None:
    lake = Path(job.content, "lake.png")
    whole = lake.read_bytes()
    for share in (0.0, 0.3, 0.9):
        lake.write_bytes(whole[: int(share * len(whole))])
        row = stylize_pair(PAIR, job)
        assert row.status == "failed"
        assert str(row.error).startswith(f"picture {str(lake)!r} cannot be read: ")
    lake.write_bytes(whole)
    assert stylize_pair(PAIR, job).status == "completed"


def test_a_folder_of_inputs_that_vanishes_costs_a_row_that_names_it(job: Job) -> None:
    shutil.rmtree(job.content)
    row = stylize_pair(PAIR, job)
    assert (row.status, row.error) == ("failed", f"folder {job.content!r} does not exist; check its path or make it")
