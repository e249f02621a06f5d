"""What a second run of a pair does: nothing, where nothing changed."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from time import time
from typing import Any

import pytest

from nst_engine import StyleTransfer, TransferResult
from nst_engine.config import releases
from nst_engine.errors import TransferError
from nst_engine.images import Photograph
from tasks.making import engines
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.records.row import ManifestRow
from tasks.storage import StorageError
from tests.tasks.studio import BROKEN_JPEG, a_job, a_pair, engines_made, paint

PAIR = a_pair()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path)


def picture(job: Job) -> Path:
    return Path(job.output, PAIR.picture_key("png"))


def sidecar(job: Job) -> Path:
    return Path(job.output, PAIR.sidecar_key)


def with_config(**changes: Any) -> Callable[[Job], Job]:
    return lambda job: replace(job, config=job.config.replace(**changes))


def failing(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_skips_a_pair_that_is_finished(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stylize_pair(PAIR, job)
    before = {path: path.stat().st_mtime_ns for path in (picture(job), sidecar(job))}
    monkeypatch.setattr("tasks.making.stylize_pair.engine", failing(AssertionError("no engine is needed")))
    assert stylize_pair(PAIR, replace(job, run_id="morning")) == replace(made, status="skipped", run_id="morning")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_skips_though_the_pictures_were_moved(job: Job, tmp_path: Path) -> None:
    stylize_pair(PAIR, job)
    (tmp_path / "contents").rename(tmp_path / "photographs")
    row = stylize_pair(PAIR, replace(job, content=str(tmp_path / "photographs")))
    assert (row.status, row.content) == ("skipped", str(tmp_path / "photographs" / "lake.png"))


@pytest.mark.parametrize("days", [-10_000, 10_000])
def test_skips_though_a_clock_is_wrong(job: Job, days: int) -> None:
    row = stylize_pair(PAIR, job)
    moment = time() + 86_400 * days
    for path in (row.content, row.style, row.output):
        os.utime(path, (moment, moment))
    assert stylize_pair(PAIR, job).status == "skipped"


def test_skips_though_only_what_is_recorded_differs(job: Job) -> None:
    stylize_pair(PAIR, job)
    assert stylize_pair(PAIR, with_config(record_every=1)(job)).status == "skipped"


@pytest.mark.parametrize(
    "changed",
    [
        with_config(iterations=3),
        with_config(seed=1),
        with_config(style_weight=7.0),
        with_config(content_layers=("block1_conv1",)),
        with_config(format="jpg"),
    ],
    ids=["iterations", "seed", "weight", "layers", "format"],
)
def test_makes_a_picture_anew_for_another_configuration(job: Job, changed: Callable[[Job], Job]) -> None:
    first = stylize_pair(PAIR, job)
    again = stylize_pair(PAIR, changed(job))
    assert again.status == "completed"
    assert again.fingerprint != first.fingerprint


@pytest.mark.parametrize("name", ["contents/lake.png", "styles/wave.png", "other.png", "mask.png"])
def test_makes_a_picture_anew_for_another_input(job: Job, tmp_path: Path, name: str) -> None:
    masks = (str(paint(tmp_path / "mask.png", seed=5)),) * 2
    job = with_config(blend=(f"{paint(tmp_path / 'other.png', seed=6)}:0.5",), content_masks=masks)(job)
    first = stylize_pair(PAIR, job)
    paint(tmp_path / name, seed=9)
    again = stylize_pair(PAIR, job)
    assert again.status == "completed"
    assert again.output_sha256 != first.output_sha256


def test_another_version_makes_a_picture_anew_only_for_another_recipe(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stylize_pair(PAIR, job)
    monkeypatch.setattr("tasks.making.stylize_pair.__version__", "99.0")
    assert stylize_pair(PAIR, job).status == "skipped"
    monkeypatch.setattr(releases, "RELEASES", (*releases.RELEASES, replace(releases.RELEASES[-1], recipe=99)))
    kept = stylize_pair(PAIR, replace(job, keep_older=True))
    assert (kept.status, kept.fingerprint, kept.engine_version) == ("skipped", made.fingerprint, made.engine_version)
    again = stylize_pair(PAIR, job)
    assert (again.status, again.engine_version) == ("completed", "99.0")
    assert stylize_pair(PAIR, job).status == "skipped"


def delete_picture(job: Job) -> None:
    picture(job).unlink()


def empty_picture(job: Job) -> None:
    picture(job).write_bytes(b"")


def delete_sidecar(job: Job) -> None:
    sidecar(job).unlink()


def damage_sidecar(job: Job) -> None:
    sidecar(job).write_bytes(sidecar(job).read_bytes()[:-40])


@pytest.mark.parametrize("harm", [delete_picture, empty_picture, delete_sidecar, damage_sidecar])
def test_makes_anew_what_is_not_whole(job: Job, harm: Callable[[Job], None]) -> None:
    first = stylize_pair(PAIR, job)
    harm(job)
    again = stylize_pair(PAIR, job)
    assert (again.status, again.output_sha256) == ("completed", first.output_sha256)
    assert sha256(picture(job).read_bytes()).hexdigest() == first.output_sha256
    assert stylize_pair(PAIR, job).status == "skipped"


def test_a_rerun_that_fails_leaves_the_finished_picture_alone(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stylize_pair(PAIR, job)
    before = picture(job).read_bytes(), sidecar(job).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("tasks.making.stylize_pair.engine", failing(TransferError("the loss is nan")))
        assert stylize_pair(PAIR, with_config(iterations=3)(job)).status == "failed"
    assert (picture(job).read_bytes(), sidecar(job).read_bytes()) == before
    assert stylize_pair(PAIR, job).status == "skipped"


def test_an_input_that_broke_leaves_the_finished_picture_alone(job: Job, tmp_path: Path) -> None:
    stylize_pair(PAIR, job)
    before = picture(job).read_bytes(), sidecar(job).read_bytes()
    (tmp_path / "contents" / "lake.png").write_bytes(BROKEN_JPEG)
    assert stylize_pair(PAIR, job).status == "failed"
    assert (picture(job).read_bytes(), sidecar(job).read_bytes()) == before


def test_a_crash_between_picture_and_sidecar_is_never_taken_for_a_finished_pair(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylize_pair(PAIR, job)
    with monkeypatch.context() as patch:
        patch.setattr("tasks.making.stylize_pair.write_sidecar", failing(StorageError("the disk is full")))
        stylize_pair(PAIR, with_config(iterations=3)(job))
    row = stylize_pair(PAIR, job)
    assert row.output_sha256 == sha256(picture(job).read_bytes()).hexdigest()


def test_loads_an_engine_once_for_all_pairs_whatever_numbers_they_have(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(tmp_path / "contents" / "hill.png", 5)
    engines._engines.cache_clear()
    made = engines_made(monkeypatch)
    pairs = a_pair("lake.png"), a_pair("hill.png", overrides=(("style_weight", 9.0),))
    rows = [stylize_pair(pair, job) for pair in pairs]
    assert [row.status for row in rows] == ["completed", "completed"]
    assert len(made) == 1


def test_two_runs_at_once_make_each_picture_once(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"p{seed}.png" for seed in range(6)]
    for seed, name in enumerate(names):
        paint(tmp_path / "contents" / name, seed)
    together_at_first, transfers, run_engine = Barrier(2, timeout=60), list[str](), StyleTransfer.run

    def counted(self: StyleTransfer, content: Photograph, *arguments: Any) -> TransferResult:
        transfers.append(content.origin.name)
        return run_engine(self, content, *arguments)

    def run(run_id: str) -> list[ManifestRow]:
        together_at_first.wait()
        return [stylize_pair(a_pair(name), replace(job, run_id=run_id)) for name in names]

    monkeypatch.setattr(StyleTransfer, "run", counted)
    with ThreadPoolExecutor(2) as pool:
        rows = list(zip(*pool.map(run, ("night", "morning")), strict=True))
    assert sorted(transfers) == [str(tmp_path / "contents" / name) for name in names]
    assert [sorted(row.status for row in both) for both in rows] == [["completed", "skipped"]] * len(names)
    assert len({row.output_sha256 for both in rows for row in both}) == len(names)
