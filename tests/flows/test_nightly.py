"""Serving: the schedule is understood, the batch is looked at before the night, and the end is clean."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.flows import load_flow_from_entrypoint

from flows.batch import stylize_batch
from flows.nightly import NAME, build_deployment, json_parameters, next_time
from flows.parameters import Batch
from nst_engine.errors import ConfigError
from tasks.planning.job import Job
from tasks.planning.request import Request
from tests.flows.console import TINY, Nightbrush
from tests.tasks.studio import CONFIG, a_job

REQUEST = Request(backbones=("tiny",), pairing="every", exclude=("draft*",))
PATIENCE_SECONDS = 120

DOOMED = """
import os, pathlib, signal, sys
if "PREFECT__FLOW_RUN_ID" in os.environ:
    if pathlib.Path(__file__).with_name("killed").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    sys.modules["flows.batch"] = None
"""
"""Code that each Python process runs at its start: it breaks or kills the processes of flow runs."""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path)


@contextmanager
def served(api: str, places: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `nightbrush serve` in a process of its own, which looks for work each second; yields it once it is ready."""
    command = [sys.executable, "-u", "-c", "from flows.cli import main; main()", "serve", *places, *TINY]
    environment = os.environ | {"PREFECT_API_URL": api, "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)  # noqa: S603 - ourselves
    try:
        await_(lambda: "Serving " in log.read_text(encoding="utf-8") or process.poll() is not None)
        yield process
    finally:
        process.kill()
        process.wait()


def await_(happens: Callable[[], object]) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while not happens():
        assert monotonic() < end
        sleep(0.2)


def run_to_end(client: SyncPrefectClient) -> FlowRun:
    """Start a run of the served deployment, and wait for its end."""
    deployment = client.read_deployment_by_name(f"{stylize_batch.name}/{NAME}")
    run = client.create_flow_run_from_deployment(deployment.id)
    await_(lambda: client.read_flow_run(run.id).state.is_final())
    return client.read_flow_run(run.id)


def logs_of(client: SyncPrefectClient, run: FlowRun) -> list[str]:
    """The lines of a run's own log."""
    lines = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))
    return [line.message for line in lines]


def is_paused(client: SyncPrefectClient) -> bool:
    return client.read_deployment_by_name(f"{stylize_batch.name}/{NAME}").paused


def test_a_time_is_meant_in_its_zone() -> None:
    following = next_time("30 22 * * *", "Europe/Berlin")
    assert (following.hour, following.minute) == (22, 30)
    assert following.utcoffset() != next_time("30 22 * * *", "Asia/Tokyo").utcoffset()


@pytest.mark.parametrize("cron", ["", "x", "0 25 * * *", "R 22 * * *", "0 22 31 2 *", "22:00", "0 0 22 * * *"])
def test_what_is_no_time_that_comes_is_refused(cron: str) -> None:
    with pytest.raises(ConfigError) as caught:
        next_time(cron, "UTC")
    assert str(caught.value) == f"cron={cron!r} names no time that ever comes; use five fields, such as '0 22 * * *'"


def test_a_time_may_be_a_word() -> None:
    assert next_time("@daily", "UTC").hour == 0


def test_a_zone_that_is_not_known_is_refused() -> None:
    with pytest.raises(ConfigError, match="timezone='Mars/Tharsis' is not known; use a name such as Europe/Berlin"):
        next_time("0 22 * * *", "Mars/Tharsis")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--cron", "tonight"], "cron='tonight' names no time that ever comes; use five fields, such as '0 22 * * *'"),
        (["--timezone", "CET/Berlin"], "timezone='CET/Berlin' is not known; use a name such as Europe/Berlin"),
        (["--content", "gone"], "folder '"),
    ],
)
def test_what_could_not_run_at_night_is_refused_now(
    nightbrush: Nightbrush, places: list[str], arguments: list[str], complaint: str
) -> None:
    assert nightbrush("serve", *places, *TINY, *arguments).complaint.startswith(complaint)


def test_the_parameters_are_the_flows_and_name_folders_wherever_it_runs(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = Job(content="contents", style="styles", output="out", config=CONFIG, device="cpu")
    given = json.loads(json.dumps(json_parameters(Batch(job=relative, request=REQUEST, allow_failures=True))))
    allowed = stylize_batch.validate_parameters(given)
    assert {name: allowed[name] for name in ("content", "style", "output")} == {
        "content": job.content,
        "style": job.style,
        "output": job.output,
    }
    assert allowed["config"] == CONFIG
    assert (
        Request(backbones=tuple(allowed["backbones"]), pairing=allowed["pairing"], exclude=tuple(allowed["exclude"]))
        == REQUEST
    )
    assert (allowed["device"], allowed["allow_failures"]) == ("cpu", True)


def test_files_are_named_wherever_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = CONFIG.replace(init="start.png", weights="mine.h5")
    job = Job(content="contents", style="styles", output="out", config=config)
    given = json_parameters(Batch(job=job, request=REQUEST))
    assert given["config"]["init"] == str(tmp_path / "start.png")
    assert given["config"]["weights"] == str(tmp_path / "mine.h5")


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("list.csv", "{here}/list.csv"),
        ("~/list.csv", "{home}/list.csv"),
        ("/lists/list.csv", "/lists/list.csv"),
        ("s3://bucket/list.csv", "s3://bucket/list.csv"),
    ],
)
def test_the_list_of_pairs_is_named_wherever_it_runs(
    named: str, kept: str, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = json_parameters(Batch(job=job, request=replace(REQUEST, pairing=None, pair_list=named)))
    assert given["pairs"] == kept.format(here=tmp_path, home=Path.home())


def test_runs_load_the_flow_from_the_installed_package() -> None:
    entrypoint = build_deployment({}, "0 22 * * *", "UTC").entrypoint
    assert entrypoint == "flows.batch.stylize_batch"
    assert load_flow_from_entrypoint(entrypoint).name == stylize_batch.name


def test_a_batch_runs_when_it_is_asked_for_and_sigterm_ends_in_order(
    prefect_api: str, places: list[str], folders: dict[str, Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with get_client(sync_client=True) as client, served(prefect_api, places, log) as process:
        await_(lambda: not is_paused(client))
        deployment = client.read_deployment_by_name(f"{stylize_batch.name}/{NAME}")
        (schedule,) = deployment.schedules
        assert getattr(schedule.schedule, "cron", None) == "0 22 * * *"
        state = run_to_end(client).state
        assert (state.name, state.message) == ("Completed", "1 of 1 pairs have their picture, 0 failed")
        assert (folders["output"] / "tiny" / "lake--wave.png").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert is_paused(client)
    said = log.read_text(encoding="utf-8")
    assert said.splitlines()[-1] == "No longer served: the schedule is paused until the same command runs again"
    assert "Warning" not in said
    assert (
        f"Look at its runs: {prefect_api.removesuffix('/api')}/deployments/deployment/{deployment.id} (times " in said
    )
    assert f"Run it now: PREFECT_API_URL={prefect_api} prefect deployment run {stylize_batch.name}/{NAME}\n" in said


def test_runs_that_die_leave_their_reasons_and_ctrl_c_ends_in_order(
    prefect_api: str, places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(DOOMED, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    log = tmp_path / "log"
    with get_client(sync_client=True) as client, served(prefect_api, places, log) as process:
        await_(lambda: not is_paused(client))
        broken = run_to_end(client)
        (tmp_path / "killed").touch()
        killed = run_to_end(client)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert is_paused(client)
        logged = {run.id: logs_of(client, run) for run in (broken, killed)}
    said = log.read_text(encoding="utf-8")
    for run, reason in (
        (broken, "Process exited with status code: 1. "),
        (killed, "Process exited with status code: -9. Process exited due to a SIGKILL signal."),
    ):
        assert said.count(f"nightbrush: the run {run.name!r} crashed: {reason}") == 1
        assert any(line.startswith(f"the run crashed: {reason}") for line in logged[run.id])
    assert "ModuleNotFoundError: import of flows.batch halted" in said
