"""What a reviewer of a batch finds in Prefect."""

import json
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, Log

from flows import progress_artifact
from tasks.making import observer
from tests.flows.batches import batch, flow_run_of, results, task_runs_of, two_by_two
from tests.tasks.studio import BROKEN_JPEG

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Two contents, two styles, and where the output goes."""
    return two_by_two(tmp_path)


def artifacts_of(run: FlowRun) -> dict[str, Artifact]:
    """What the run left, by the last part of the keys."""
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    return {str(artifact.key).rpartition("-")[2]: artifact for artifact in found}


def test_a_run_leaves_pictures_a_table_and_how_far_it_came(places: dict[str, str]) -> None:
    Path(places["content"], "broken.jpg").write_bytes(BROKEN_JPEG)
    batch(places)
    run = flow_run_of(places)
    found = artifacts_of(run)
    assert set(found) == {"pictures", "backbones", "progress"}
    assert found["progress"].data == 100
    assert found["progress"].description == "6 of 6 pairs, 2 failed"
    [row] = json.loads(str(found["backbones"].data))
    assert (row["backbone"], row["completed"], row["failed"], row["skipped"]) == ("tiny", 4, 2, 0)
    text = str(found["pictures"].data)
    assert text.count("<img") >= 3 * 4
    assert "cannot be read" in text
    assert str(Path(places["output"], "report.html")) in text
    assert run.tags == ["tiny"]


def test_a_server_that_takes_no_progress_costs_a_warning(
    places: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("the server is away")

    monkeypatch.setattr(progress_artifact, "update_progress_artifact", refuse)
    assert batch(places).message == "4 of 4 pairs have their picture, 0 failed"
    assert "the progress artifact could not be moved: the server is away" in caplog.text


def logs_of(run: FlowRun, until: str) -> list[Log]:
    """The lines that the server has, once one of them holds a text; they are sent now and then."""
    chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
    with get_client(sync_client=True) as client:
        while True:
            lines = client.read_logs(chosen)
            if any(until in line.message for line in lines):
                return lines
            sleep(0.1)


def test_a_pair_that_takes_long_says_in_its_log_how_far_it_is(
    places: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(observer, "LOG_SECONDS", 0.0)
    batch(places)
    assert "2 steps" not in capsys.readouterr().err
    run = flow_run_of(places)
    task = task_runs_of(run, ["tiny/hill--wave"])["tiny/hill--wave"]
    told = "tiny/hill--wave: 2 steps, at 32 px, total loss "
    [line] = [line for line in logs_of(run, until=told) if line.message.startswith(told)]
    assert line.task_run_id == task.id


def test_what_is_made_is_reported_when_a_run_is_interrupted(
    places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(rows: Any, *_: Any) -> Any:
        yield next(rows)
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.batch.show_progress", interrupted)
    with pytest.raises(KeyboardInterrupt):
        batch(places)
    assert len(results(places)) >= 1
    assert Path(places["output"], "report.html").exists()
