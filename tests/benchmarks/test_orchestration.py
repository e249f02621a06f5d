"""What Prefect costs a batch of a thousand pairs that reports to the server of our own: `make bench`."""

import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from flows.batch import stylize_batch
from flows.prefect_server import local_server
from flows.prefect_server.history import History, open_history
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.request import Request
from tasks.preflight.checks import preflight
from tasks.records.csv_files import read_results
from tasks.report import report
from tasks.reporting.outputs import RESULTS
from tests.tasks.studio import CONFIG, paint

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

CONTENTS, STYLES = 100, 10
PAIRS, MOST_SECONDS = CONTENTS * STYLES, 0.06
"""What the orchestration of a pair may take: the time of a batch beyond the pairs' own seconds, or beyond what the
pairs take without Prefect, whichever is more."""

QUICK = CONFIG.replace(side=16, iterations=1)


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    for number in range(CONTENTS):
        paint(tmp_path / "contents" / f"{number}.png", number, 16, 16)
    for number in range(STYLES):
        paint(tmp_path / "styles" / f"{number}.png", number, 16, 16)
    return {"content": str(tmp_path / "contents"), "style": str(tmp_path / "styles"), "output": str(tmp_path / "out")}


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    """A history on a server of our own, which answers."""
    monkeypatch.delenv("NIGHTBRUSH_NO_HISTORY")
    with open_history(embedded=False) as opened:
        local_server.await_address()
        yield opened
    local_server.stop()


def seconds_alone(job: Job) -> float:
    """What the pairs take one after another, without Prefect."""
    started = perf_counter()
    rows = [stylize_pair(pair, job) for pair in preflight(job, Request(backbones=(QUICK.backbone,))).pairs]
    assert {row.status for row in rows} == {"completed"}
    return perf_counter() - started


def counted(run: UUID, **chosen: Any) -> int:
    """How many task runs of a flow run the server knows."""
    body = {"flow_runs": {"id": {"any_": [str(run)]}}, "task_runs": chosen}
    return int(httpx.post(f"{local_server.address()}/task_runs/count", json=body).json())


def test_a_thousand_pairs_are_all_recorded_and_cost_little_besides_their_pictures(
    places: dict[str, str], history: History, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    apart = places | {"output": str(tmp_path / "apart")}
    history.run(stylize_batch, report.name, {**apart, "config": QUICK, "include": ["content:0.png"]})
    alone = seconds_alone(Job(**apart | {"output": str(tmp_path / "alone")}, config=QUICK))
    capfd.readouterr()
    started = perf_counter()
    state = history.run(stylize_batch, report.name, {**places, "config": QUICK})
    wall = perf_counter() - started
    said = capfd.readouterr().err
    rows = read_results((tmp_path / "out" / RESULTS).read_bytes())
    inside = sum(row.seconds_total or 0.0 for row in rows)
    run = state.state_details.flow_run_id
    completed = counted(run, state={"type": {"any_": ["COMPLETED"]}})
    cost = (wall - min(inside, alone)) / len(rows)
    with capfd.disabled():
        print(  # noqa: T201  # a benchmark's result
            f"\n{len(rows)} pairs, {completed} task runs completed: {wall:.1f} s until the history is whole, "
            f"inside pairs {inside:.1f} s, one after another without Prefect {alone:.1f} s, "
            f"orchestration {1000 * cost:.0f} ms a pair"
        )
    assert (state.message, completed) == (f"{PAIRS} of {PAIRS} pairs have their picture, 0 failed", PAIRS + 2)
    assert counted(run) == completed
    assert "ERROR" not in said + Path(os.environ["NIGHTBRUSH_HOME"], "prefect", "server.log").read_text()
    assert "may not be whole" not in said
    assert cost <= MOST_SECONDS
