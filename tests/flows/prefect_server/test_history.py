"""Where the history of a run goes: to the API that is set, to a server of our own, or nowhere."""

import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_ENABLED, temporary_settings

from flows.prefect_server.api import ApiError
from flows.prefect_server.history import open_history, ui_address
from tests.flows.batches import TASKS
from tests.flows.console import TINY, Night, Nightbrush, in_a_process_of_its_own

FLOW = """
import os, signal, sys
from flows.prefect_server.settings import apply_defaults
apply_defaults()
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from prefect.states import Running
import flows.prefect_server.history, flows.prefect_server.local_server, httpx
flows.prefect_server.history._PATIENCE_SECONDS = 2

@task(task_run_name="{name}")
def note(name):
    return os.environ["PREFECT_API_URL"]

@flow
def whole():
    notes = [note.submit("first") for _ in range(150)]
    print({note("middle"), *(each.result() for each in notes), note("last")})

@flow
def cut_off():
    note("first")
    raise ValueError("in the middle")

@flow
def endless():
    with get_client(sync_client=True) as client:
        client.create_task_run(note, flow_run.get_id(), dynamic_key="0", name="first", state=Running())
    note("last")

@flow
def orphaned():
    note("first")
    os.kill(int(sys.argv[2]), signal.SIGKILL)
    note("last")

for name in sys.argv[1].split():
    with flows.prefect_server.history.open_history(embedded=False) as history, httpx.Client() as client:
        state = history.run(globals()[name], last="last", parameters={})
        chosen = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
        runs = client.post(f"{flows.prefect_server.local_server.address()}/task_runs/filter", json=chosen).json()
        print(state.type.value, sum(run["state_type"] == "COMPLETED" for run in runs))
    print(os.environ.get("PREFECT_API_URL"), flush=True)
    print("END", file=sys.stderr, flush=True)
"""


def in_flows(names: str, *arguments: object) -> CompletedProcess[str]:
    """Run some of the flows above, one after the other, in a process of its own."""
    program = [sys.executable, "-c", FLOW, names, *map(str, arguments)]
    return run(program, capture_output=True, text=True, check=True, timeout=200)  # noqa: S603 - ourselves


@cache
def not_whole() -> dict[str, str]:
    """What the flows say on stderr whose history is not whole, by name."""
    names = "cut_off endless"
    return dict(zip(names.split(), in_flows(names).stderr.split("END\n"), strict=False))


def recorded(api: str, said: str) -> tuple[Any, list[Any]]:
    """The flow run whose address a process has printed, and its task runs."""
    (line,) = [line for line in said.splitlines() if line.startswith("History: ")]
    start, _, run_id = line.removeprefix("History: ").rpartition("/")
    assert start == f"{api.removesuffix('/api')}/runs/flow-run"
    chosen = {"flow_runs": {"id": {"any_": [run_id]}}}
    task_runs = httpx.post(f"{api}/task_runs/filter", json=chosen).json()
    return httpx.get(f"{api}/flow_runs/{run_id}").json(), task_runs


def test_a_run_leaves_its_whole_history_to_a_server_of_our_own(own_api: str, night: Night) -> None:
    flow_run, task_runs = recorded(own_api, night.ran.err)
    name = f"{Path(night.places['content']).name} in the style of paintings"
    assert (flow_run["state_type"], flow_run["name"]) == ("FAILED", name)
    assert Counter(task_run["state_type"] for task_run in task_runs) == {"COMPLETED": 6, "FAILED": 2}
    broken = {f"tiny/broken--{style}" for style in ("swirl", "wave")}
    assert {task_run["name"] for task_run in task_runs} == {"discover pairs", "report", *TASKS, *broken}
    assert "may not be whole" not in night.ran.err


def test_the_api_is_set_for_a_run_whose_history_is_there_when_it_ends(own_api: str) -> None:
    done = in_flows("whole")
    assert done.stdout.splitlines() == [f"{ {own_api} }", "COMPLETED 152", "None"]


@pytest.mark.parametrize(("name", "counted"), [("cut_off", "1 task runs, 1"), ("endless", "2 task runs, 1")])
def test_says_that_a_history_is_not_whole(own_api: str, name: str, counted: str) -> None:
    said = not_whole()[name]
    assert f"nightbrush: the history may not be whole: {counted} of them with their end\n" in said
    assert len(recorded(own_api, said)[1]) == int(counted[0])


def test_a_run_survives_the_server_and_has_another_started(own_api: str, own_folder: Path) -> None:
    process = json.loads((own_folder / "server.json").read_text())["pid"]
    done = in_flows("orphaned", process)
    assert done.stdout.startswith("COMPLETED")
    assert recorded(own_api, done.stderr)[0]["state_type"] == "COMPLETED"
    assert json.loads((own_folder / "server.json").read_text())["pid"] != process


def test_without_a_history_there_is_no_server_and_no_file(
    places: list[str], folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIGHTBRUSH_NO_HISTORY")
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path / "home"))
    ran = in_a_process_of_its_own("run", *places, *TINY, "--no-history")
    assert ran.status == 0
    assert ran.err.startswith("Prefect runs embedded: this run's history is not kept\n")
    assert (folders["output"] / "tiny" / "lake--wave.png").exists()
    assert not (tmp_path / "home" / "prefect").exists()


@pytest.mark.parametrize("embedded", [False, True])
def test_an_api_that_is_set_is_reported_to(prefect_api: str, embedded: bool) -> None:
    with open_history(embedded) as history:
        assert history.announcement == f"Prefect reports to {prefect_api}"
        assert not history.is_ours


def test_prefect_must_be_allowed_to_run_embedded() -> None:
    changed = {PREFECT_SERVER_EPHEMERAL_ENABLED: False}
    with (
        temporary_settings(changed, restore_defaults={PREFECT_API_URL}),
        pytest.raises(ApiError, match="leave out --no-history, or set PREFECT_API_URL"),
        open_history(embedded=True),
    ):
        pass


def test_the_pages_are_those_of_the_api_that_is_set(prefect_api: str) -> None:
    assert ui_address() == prefect_api.removesuffix("/api")


def test_the_pages_are_those_of_the_server_of_our_own(nightbrush: Nightbrush, own_api: str) -> None:
    address = own_api.removesuffix("/api")
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        ran = nightbrush("ui")
        assert ran.out == f"{address}\n"
        assert "the browser's time zone" in ran.err
        assert httpx.get(address).headers["content-type"].startswith("text/html")


def test_the_ui_is_opened_in_the_browser(
    nightbrush: Nightbrush, own_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert nightbrush("ui", "--open").status == 0
    assert (tmp_path / "opened").read_text() == f"{own_api.removesuffix('/api')}\n"
