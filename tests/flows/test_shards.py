"""A batch over workers: processes that serve the deployment of shards."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.batch import stylize_batch
from flows.runners.workers import gather_rows, run_on_workers
from nst_engine import ConfigError
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.shards import Shard
from tasks.records.csv_files import read_results
from tests.flows.workers import workers
from tests.tasks.studio import BROKEN_JPEG, CONFIG, a_job, a_pair, paint


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    job = a_job(tmp_path)
    for seed, name in enumerate(("hill", "moor", "tree"), start=3):
        paint(Path(job.content, f"{name}.png"), seed)
    Path(job.content, "broken.png").write_bytes(BROKEN_JPEG)
    return {"content": job.content, "style": job.style, "output": job.output}


@pytest.fixture(scope="module")
def two_workers(prefect_api: str) -> Iterator[None]:
    """Two workers, for as long as there are tests that need them."""
    with workers(2, prefect_api):
        yield


def test_without_a_server_there_are_no_workers(tmp_path: Path) -> None:
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ConfigError, match="runner='workers' needs the Prefect server that they report to"),
    ):
        next(run_on_workers([Shard(pairs=(a_pair(),))], a_job(tmp_path)))


@pytest.mark.usefixtures("two_workers")
def test_two_workers_share_a_batch_and_its_rows_come_together(
    places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = {side: str(Path(place).relative_to(tmp_path)) for side, place in places.items()}
    paint(Path("starts/first.png"), 6)
    config: Any = CONFIG.replace(style_layers=("block1_conv1:2",), init="starts/first.png")
    state = stylize_batch(**relative, config=config, runner="workers", pairs_per_task=3, return_state=True)
    assert state.message == "4 of 5 pairs have their picture, 1 failed"
    rows = read_results(Path(places["output"], "results.csv").read_bytes())
    assert [(row.pair, row.status) for row in rows] == [
        ("broken--wave", "failed"),
        ("hill--wave", "completed"),
        ("lake--wave", "completed"),
        ("moor--wave", "completed"),
        ("tree--wave", "completed"),
    ]
    assert "cannot be read" in str(rows[0].error)
    assert len({row.run_id for row in rows}) == 1
    assert "hill--wave" in Path(places["output"], "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("two_workers")
def test_what_a_pair_sets_of_its_own_names_files_wherever_its_worker_is(
    places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint(Path("starts/second.png"), 7)
    Path("pairs.csv").write_text("content,style,init\nlake.png,wave.png,starts/second.png\n", encoding="utf-8")
    request: Any = {"config": CONFIG, "pairing": "list", "pairs": "pairs.csv"}
    made = stylize_batch(**places, **request, runner="workers", return_state=True)
    assert made.message == "1 of 1 pairs have their picture, 0 failed"
    again = stylize_batch(**places, **request, return_state=True)
    assert [row.status for row in read_results(Path(places["output"], "results.csv").read_bytes())] == ["skipped"]
    assert again.is_completed()


def test_what_a_worker_had_made_before_it_died_is_there(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    pairs = a_pair("lake.png"), a_pair("hill.png"), a_pair("moor.png")
    for pair, run_id in zip(pairs, (job.run_id, "an earlier night"), strict=False):
        paint(Path(job.content, pair.content.key), 5)
        stylize_pair(pair, replace(job, run_id=run_id))
    silent: Any = SimpleNamespace(read_artifacts=lambda **_: [])
    run = FlowRun(flow_id=uuid4(), name="tiny/lake--wave and 2 more", state_name="Crashed")
    rows = gather_rows(silent, run, Shard(pairs=pairs), job)
    assert [row.status for row in rows] == ["completed", "failed", "failed"]
    assert {row.error for row in rows[1:]} == {"its worker's run 'tiny/lake--wave and 2 more' ended as Crashed"}


def test_without_a_deployment_the_error_says_so(
    prefect_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.runners.workers.DEPLOYMENT", "stylize-shard/nowhere")
    assert prefect_api
    with pytest.raises(ConfigError, match="finds no deployment 'stylize-shard/nowhere' on the server"):
        next(run_on_workers([Shard(pairs=(a_pair(),))], a_job(tmp_path)))
