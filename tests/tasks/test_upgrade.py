"""What an earlier release has made, or begun, is not made again by this one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from nst_engine.config import TransferConfig, releases
from tasks.local_state import checkpoints, outbox, state_folder
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.planning.request import Request
from tasks.preflight.checks import preflight
from tasks.records.csv_files import read_results
from tasks.reporting.outputs import RESULTS, write_outputs
from tasks.storage import open_storage
from tests.tasks.kept import AT_FIRST, CHOSEN, FIRST, KEPT, copy_kept, kept_config
from tests.tasks.studio import engines_made


@pytest.fixture
def job(tmp_path: Path) -> Job:
    kept = copy_kept(tmp_path)
    return Job(
        content=str(kept / "contents"),
        style=str(kept / "styles"),
        output=str(kept / "out"),
        config=TransferConfig.from_dict(CHOSEN),
        run_id="later",
    )


@pytest.fixture
def same_meanings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release in which nothing that decides pixels has changed."""
    monkeypatch.setattr(releases, "RELEASES", (FIRST, replace(AT_FIRST)))


@pytest.fixture
def other_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that has another default, and other weights where they are left out."""
    losses = {("gram", "mean"): FIRST.losses["gram", "mean"] | {"style_weight": 0.05}}
    later = replace(AT_FIRST, fields=AT_FIRST.fields | {"formulation": "share"}, losses=AT_FIRST.losses | losses)
    monkeypatch.setattr(releases, "RELEASES", (FIRST, later))


def pairs(job: Job) -> Iterator[PairSpec]:
    return iter(preflight(job, Request(backbones=("tiny",))).pairs)


def run(job: Job) -> dict[str, str]:
    """The status of each pair in the report, once the batch has run."""
    outcome = write_outputs(open_storage(job.output), [stylize_pair(pair, job) for pair in pairs(job)])
    assert len(outcome.exhibits) == 2
    return {row.pair: row.status for row in outcome.summary.rows}


def figures(job: Job) -> list[tuple[object, ...]]:
    """What the table says of the pictures, but names and status."""
    rows = (row for row in read_results(open_storage(job.output).read(RESULTS)) if row.status != "failed")
    return [(row.total_loss, row.seconds_total, row.started_at, row.fingerprint, row.output_sha256) for row in rows]


FINISHED = {"broken--wave": "failed", "hill--wave": "skipped", "lake--wave": "skipped"}


def made_anew(job: Job, monkeypatch: pytest.MonkeyPatch) -> bool:
    """True if the batch makes a picture; else the pictures and all that is known of them are as they were."""
    folder = Path(job.output, "tiny")
    before, known = {path: path.read_bytes() for path in folder.iterdir()}, figures(job)
    engines = engines_made(monkeypatch)
    found = run(job)
    if found != FINISHED or engines:
        return True
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert figures(job) == known
    return False


def test_a_folder_of_the_first_release_is_kept_whatever_has_changed_since(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not made_anew(replace(job, keep_older=True), monkeypatch)


@pytest.mark.usefixtures("same_meanings")
def test_a_folder_of_the_first_release_is_finished_where_no_meaning_has_changed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not made_anew(replace(job, config=kept_config()), monkeypatch)


@pytest.mark.usefixtures("other_defaults")
def test_a_folder_is_finished_where_its_earlier_defaults_are_named(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    named = replace(job, config=kept_config(style_weight=0.03))
    assert not made_anew(named, monkeypatch)
    assert made_anew(replace(job, config=kept_config()), monkeypatch)


def unfinished_state() -> None:
    """Give this machine the state that the first release left."""
    copytree(KEPT / "state", state_folder(), dirs_exist_ok=True)


@pytest.mark.usefixtures("same_meanings")
def test_a_transfer_that_the_first_release_began_goes_on(job: Job) -> None:
    unfinished_state()
    longer = replace(job, config=kept_config(iterations=8), output=f"{job.output}-new")
    _, _, lake = pairs(longer)
    row = stylize_pair(lake, longer)
    assert (row.status, row.iterations, row.stop_reason) == ("completed", 8, "iterations; resumed after 4 steps")
    assert checkpoints.load(str(row.fingerprint)) is None


@pytest.mark.usefixtures("same_meanings")
def test_a_picture_that_the_first_release_could_not_write_is_written(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    unfinished_state()
    elsewhere = replace(job, config=kept_config(), output=f"{job.output}-new")
    _, _, lake = pairs(elsewhere)
    engines = engines_made(monkeypatch)
    row = stylize_pair(lake, elsewhere)
    assert (row.status, engines) == ("completed", [])
    assert outbox.load(str(row.fingerprint)) is None
    assert stylize_pair(lake, elsewhere).status == "skipped"
