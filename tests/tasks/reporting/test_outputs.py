from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Lock
from time import sleep

import pytest

from nst_engine.images import decode
from nst_engine.types import Picture
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.records.csv_files import read_results
from tasks.records.row import ManifestRow
from tasks.records.sidecar import read_sidecar, write_sidecar
from tasks.reporting.outputs import Outcome, write_outputs
from tasks.storage import StorageError, read_uri
from tasks.storage.local import LocalStorage
from tasks.storage.memory import MemoryStorage
from tests.tasks.ledger import a_row
from tests.tasks.studio import BROKEN_JPEG, a_job, a_pair, output_of, paint

FILES = ("results.csv", "backbones.csv", "report.html")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    paint(tmp_path / "contents" / "hill.png", 5)
    return a_job(tmp_path)


def made(job: Job, *names: str) -> list[ManifestRow]:
    """Rows of a run over these contents."""
    return [stylize_pair(a_pair(name), job) for name in names]


def with_failure(job: Job) -> list[ManifestRow]:
    Path(job.content, "bad.jpg").write_bytes(BROKEN_JPEG)
    return made(job, "bad.jpg", "hill.png", "lake.png")


def text(job: Job, name: str) -> str:
    return Path(job.output, name).read_text(encoding="utf-8")


def results(job: Job) -> tuple[ManifestRow, ...]:
    return read_results(Path(job.output, "results.csv").read_bytes())


def by_pair(rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    return sorted(rows, key=lambda row: row.pair)


def rebuilt(job: Job) -> Outcome:
    return write_outputs(output_of(job))


# after a run


def test_writes_the_rows_of_a_run_in_their_order(job: Job) -> None:
    rows = with_failure(job)
    outcome = write_outputs(output_of(job), rows)
    assert outcome.summary.rows == tuple(rows) == results(job)
    assert outcome.notes == ()


def test_writes_one_line_for_each_backbone(job: Job) -> None:
    write_outputs(output_of(job), with_failure(job))
    header, line = text(job, "backbones.csv").splitlines()
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    assert (cells["backbone"], cells["pairs"], cells["completed"], cells["failed"]) == ("tiny", "3", "2", "1")


def test_the_report_shows_the_pictures_and_names_the_failures(job: Job) -> None:
    write_outputs(output_of(job), with_failure(job))
    page = text(job, "report.html")
    assert page.count("data:image/jpeg;base64,") >= 4  # two results, two contents; the style is embedded once
    assert "bad.jpg" in page
    assert "cannot be read" in page


def test_pictures_of_earlier_runs_keep_their_rows(job: Job) -> None:
    (earlier,) = made(job, "hill.png")
    (now,) = made(job, "lake.png")
    assert write_outputs(output_of(job), [now]).summary.rows == (now, earlier)


def test_this_runs_failure_stands_before_an_earlier_picture(job: Job) -> None:
    made(job, "lake.png")
    (Path(job.content) / "lake.png").write_bytes(BROKEN_JPEG)
    (failed,) = made(job, "lake.png")
    assert write_outputs(output_of(job), [failed]).summary.rows == (failed,)


def test_a_run_without_any_picture_leaves_all_files(job: Job) -> None:
    Path(job.content, "bad.jpg").write_bytes(BROKEN_JPEG)
    write_outputs(output_of(job), made(job, "bad.jpg"))
    assert sorted(path.name for path in Path(job.output).iterdir()) == sorted(FILES)


def test_a_clock_that_goes_backwards_costs_no_report(job: Job) -> None:
    lake, hill = made(job, "lake.png", "hill.png")
    early = replace(hill, started_at="1970-01-01T00:00:00+00:00")
    period = write_outputs(output_of(job), [lake, early]).summary.period
    assert period is not None
    assert [moment.year for moment in period] == [1970, int(lake.started_at[:4])]


def meeting(job: Job, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    """The output; each read waits until seven files, inputs included, are being read."""
    all_there = Barrier(7, timeout=60)

    class Meeting(LocalStorage):
        def read(self, key: str) -> bytes:
            all_there.wait()
            return super().read(key)

    def met(uri: str) -> bytes:
        all_there.wait()
        return read_uri(uri)

    monkeypatch.setattr("tasks.reporting.outputs.read_uri", met)
    return Meeting(job.output)


def test_what_the_report_shows_is_read_side_by_side_and_each_input_once(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made(job, "hill.png", "lake.png")
    outcome = write_outputs(meeting(job, monkeypatch), rows)
    assert [exhibit.row for exhibit in outcome.exhibits] == rows
    assert all(exhibit.content and exhibit.style and exhibit.history for exhibit in outcome.exhibits)


def test_pictures_lie_in_memory_with_all_their_pixels_one_at_a_time(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Lock()

    def decoded(data: bytes) -> Picture:
        assert alone.acquire(blocking=False)
        try:
            sleep(0.05)  # the others would come meanwhile
            return decode(data)
        finally:
            alone.release()

    monkeypatch.setattr("tasks.reporting.thumbnails.decode", decoded)
    rows = made(job, "hill.png", "lake.png")
    assert len(write_outputs(meeting(job, monkeypatch), rows).exhibits) == 2


# rebuilt


def test_rebuilds_the_same_rows_from_the_sidecars(job: Job) -> None:
    rows = made(job, "hill.png", "lake.png")
    write_outputs(output_of(job), rows)
    for name in FILES:
        Path(job.output, name).unlink()
    outcome = rebuilt(job)
    assert by_pair(outcome.summary.rows) == by_pair(rows) == by_pair(results(job))
    assert all(Path(job.output, name).stat().st_size for name in FILES)


def test_a_rebuild_keeps_the_rows_that_failed(job: Job) -> None:
    rows = with_failure(job)
    write_outputs(output_of(job), rows)
    assert by_pair(rebuilt(job).summary.rows) == by_pair(rows)
    assert by_pair(rebuilt(job).summary.rows) == by_pair(rows)


def test_a_rebuild_drops_a_failure_whose_picture_was_made_since(job: Job) -> None:
    write_outputs(output_of(job), with_failure(job))
    paint(Path(job.content, "bad.jpg"), 7)
    (mended,) = made(job, "bad.jpg")
    assert mended in rebuilt(job).summary.rows
    assert [row.status for row in results(job)] == ["completed"] * 3


def test_a_rebuild_keeps_a_failure_that_came_after_the_picture(job: Job) -> None:
    made(job, "lake.png")
    Path(job.content, "lake.png").write_bytes(BROKEN_JPEG)
    (failed,) = made(job, "lake.png")
    later = replace(failed, started_at=failed.started_at.replace("20", "21", 1))
    write_outputs(output_of(job), [later])
    assert rebuilt(job).summary.rows == (later,)


def test_a_batch_without_pairs_gives_files_without_rows_also_when_they_are_rebuilt() -> None:
    storage = MemoryStorage()
    for rows in ((), None):
        assert write_outputs(storage, rows).summary.rows == ()
        assert [entry.key for entry in storage.list()] == sorted(FILES)


def test_a_folder_that_holds_nothing_of_a_batch_is_left_as_it_is() -> None:
    storage = MemoryStorage({"lake.png": b"a picture", "deeper/notes.json": b"{}"})
    with pytest.raises(StorageError, match=r"'memory://' holds nothing of a batch; name a batch's output"):
        write_outputs(storage)
    assert [entry.key for entry in storage.list()] == ["deeper/notes.json", "lake.png"]


# thumbnails of the last report


def read_pictures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pictures that are read from now on."""
    read: list[str] = []
    real = LocalStorage.read

    def reading(storage: LocalStorage, key: str) -> bytes:
        if not key.endswith((".json", ".html", ".csv")):
            read.append(Path(key).name)
        return real(storage, key)

    monkeypatch.setattr(LocalStorage, "read", reading)
    return read


def test_a_report_reads_only_the_pictures_that_the_last_one_does_not_show(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    hill = made(job, "hill.png")
    write_outputs(output_of(job), hill)
    lake = made(job, "lake.png")
    read = read_pictures(monkeypatch)
    both = write_outputs(output_of(job), [*hill, *lake]).exhibits
    assert sorted(read) == ["lake--wave.png", "lake.png"]
    read.clear()
    assert write_outputs(output_of(job), [*hill, *lake]).exhibits == both
    assert read == []


def test_a_picture_that_was_replaced_is_shown_as_it_is_now(job: Job) -> None:
    (before,) = write_outputs(output_of(job), made(job, "hill.png")).exhibits
    paint(Path(job.content, "hill.png"), 9)
    (after,) = write_outputs(output_of(job), made(job, "hill.png")).exhibits
    assert (after.content != before.content, after.result != before.result) == (True, True)
    assert after.style == before.style


def test_a_picture_that_is_gone_is_not_shown_from_the_last_report(job: Job) -> None:
    rows = made(job, "hill.png", "lake.png")
    write_outputs(output_of(job), rows)
    Path(rows[0].output).unlink()
    assert [exhibit.row for exhibit in write_outputs(output_of(job), rows).exhibits] == rows[1:]


@pytest.mark.parametrize(
    "page", [b"", b"<html>", b"data:image/jpeg;base64,QUJD", b"data:image/jpeg;base64,QUJ", b"\xff"]
)
def test_a_last_report_that_is_damaged_is_passed_over(job: Job, page: bytes) -> None:
    rows = made(job, "hill.png")
    output_of(job).write("report.html", page)
    (exhibit,) = write_outputs(output_of(job), rows).exhibits
    assert exhibit.content is not None


def test_the_thumbnails_of_a_report_that_is_cut_short_are_used(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = made(job, "hill.png", "lake.png")
    write_outputs(output_of(job), rows)
    page = output_of(job).read("report.html")
    output_of(job).write("report.html", page[: page.rfind(b"data:image/jpeg") + 1001])
    read = read_pictures(monkeypatch)
    assert len(write_outputs(output_of(job), rows).exhibits) == 2
    assert len(read) == 1


# what cannot be read


def test_a_damaged_sidecar_is_a_note(job: Job) -> None:
    (hill, lake) = made(job, "hill.png", "lake.png")
    damaged = Path(job.output, "tiny", "lake--wave.json")
    damaged.write_bytes(b"{")
    outcome = rebuilt(job)
    assert outcome.summary.rows == (hill,)
    (note,) = outcome.notes
    assert str(damaged) in note
    assert lake.pair not in text(job, "results.csv")


def test_a_folder_that_cannot_be_looked_into_is_a_note_if_sidecars_might_be_there(job: Job, tmp_path: Path) -> None:
    rows = made(job, "lake.png")
    (tmp_path / "elsewhere").mkdir()
    for link in ("lost", ".hidden", "tiny/steps"):
        Path(job.output, link).symlink_to(tmp_path / "elsewhere")
    outcome = write_outputs(output_of(job), rows)
    assert outcome.summary.rows == tuple(rows)
    (note,) = outcome.notes
    assert note.startswith("key 'lost' leads out of the folder")


def test_a_sidecar_that_was_damaged_during_the_run_is_a_note(job: Job) -> None:
    rows = made(job, "hill.png", "lake.png")
    Path(job.output, "tiny", "lake--wave.json").write_bytes(b"{")
    assert write_outputs(output_of(job), rows).notes == ()
    assert len(write_outputs(output_of(job), rows[:1]).notes) == 1


@pytest.mark.parametrize(
    "foreign", [b"name,price\nhammer,3\n", b"\x89PNG\r\n\x1a\n", b""], ids=["other columns", "no text", "empty"]
)
def test_a_foreign_table_is_a_note(job: Job, foreign: bytes) -> None:
    (lake,) = made(job, "lake.png")
    Path(job.output, "results.csv").write_bytes(foreign)
    outcome = rebuilt(job)
    assert outcome.summary.rows == (lake,) == results(job)
    (note,) = outcome.notes
    assert "results.csv' cannot be taken over" in note


def test_inputs_that_are_gone_do_not_break_the_report(job: Job) -> None:
    rows = made(job, "hill.png", "lake.png")
    for gone in (*Path(job.content).iterdir(), *Path(job.style).iterdir()):
        gone.unlink()
    assert write_outputs(output_of(job), rows).summary.rows == tuple(rows)
    assert "hill" in text(job, "report.html")


@pytest.mark.parametrize("remains", [None, BROKEN_JPEG], ids=["gone", "broken"])
def test_a_picture_that_is_gone_does_not_break_the_report(job: Job, remains: bytes | None) -> None:
    rows = made(job, "hill.png", "lake.png")
    picture = Path(rows[0].output)
    picture.unlink() if remains is None else picture.write_bytes(remains)
    assert write_outputs(output_of(job), rows).summary.rows == tuple(rows)
    whole = text(job, "report.html")
    write_outputs(output_of(job), rows[1:])
    assert whole.count("data:image/jpeg") == text(job, "report.html").count("data:image/jpeg")


@pytest.mark.parametrize("pair", ["../../secret", "/etc/passwd", "..", "a\0b", "s3://bucket/a"])
def test_a_sidecar_that_points_elsewhere_shows_nothing_from_there(job: Job, pair: str) -> None:
    paint(Path(job.output).parent / "secret.png")
    (lake,) = made(job, "lake.png")
    sidecar = read_sidecar(output_of(job), "tiny/lake--wave.json")
    assert sidecar is not None
    write_sidecar(output_of(job), "tiny/foreign.json", replace(sidecar, row=replace(lake, pair=pair)))
    assert len(rebuilt(job).summary.rows) == 2
    assert text(job, "report.html").count("<img") == 1


def test_other_files_in_the_output_are_left_alone(job: Job) -> None:
    notes = paint(Path(job.output, "mine", "sketch.png"))
    before = notes.read_bytes()
    write_outputs(output_of(job), made(job, "lake.png"))
    assert notes.read_bytes() == before


def test_an_output_that_cannot_be_written_is_an_error(job: Job) -> None:
    Path(job.output, "report.html").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"report\.html' cannot be written"):
        write_outputs(output_of(job), [replace(a_row(), status="failed")])


def test_rebuilding_an_output_that_does_not_exist_is_an_error(job: Job) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        rebuilt(job)
