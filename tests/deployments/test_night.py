"""A night from nothing, by the commands that the README of the deployments tells to type.

`NIGHTBRUSH_TEST_DATABASE` names the database of Prefect's server, such as `postgresql+asyncpg://user@host/name`, which
is to be empty. Otherwise it is an SQLite file.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tasks.records.csv_files import read_results
from tasks.records.sidecar import Sidecar
from tests.deployments.manifests import DEPLOYMENTS, text
from tests.tasks.studio import BROKEN_JPEG, CONFIG, paint

ROOT = DEPLOYMENTS.parent
SECTION = text("README.md").partition("## A process pool\n")[2].partition("### More machines\n")[0]
START, SET_UP, GIVE_PLACES, WORK, RUN = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)

CONTENTS, STYLES = ("barn", "dune", "hill", "lake", "moor"), ("swirl", "wave")
MADE = [f"tiny/{content}--{style}" for content in CONTENTS for style in STYLES]
FAILED = [f"tiny/broken--{style}" for style in STYLES]
TASKS = dict.fromkeys([*MADE, "discover pairs", "report"], "COMPLETED") | dict.fromkeys(FAILED, "FAILED")
SLOW = CONFIG.replace(side=64, iterations=200)
"""So that a batch is still under way a while after its first picture."""

ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
PATIENCE_SECONDS = 180


@dataclass(frozen=True)
class Machine:
    """A machine with a Prefect server and pictures.

    Attributes:
        folder: where all of its files are.
        port: the server's.
    """

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What is set for each command: nothing of Prefect's but what the README says, and to look for work often."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        database = os.environ.get("NIGHTBRUSH_TEST_DATABASE")
        return {
            **inherited,
            **({"PREFECT_SERVER_DATABASE_CONNECTION_URL": database} if database else {}),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "NIGHTBRUSH_HOME": str(self.folder / "home"),
            "NO_COLOR": "1",
        }

    def command(self, block: str) -> list[str]:
        """A block of the README as a program, for this machine."""
        return ["bash", "-ec", block.replace("4200", str(self.port)).replace("s3://pictures", str(self.folder))]

    def typed(self, block: str) -> str:
        """What the commands of a block say when they are through."""
        command = self.command(block)
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - the README's
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def going_on(self, block: str, log: str) -> Iterator[int]:
        """While the context lasts, the last command of a block goes on, in the process group of this number."""
        with self.folder.joinpath(log).open("w") as file:
            process = subprocess.Popen(  # noqa: S603 - the README's
                self.command(block),
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process.pid
        finally:
            for request in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, request)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the server answers, as soon as its database is not busy."""
        while True:
            answer = httpx.request("POST" if body else "GET", f"http://127.0.0.1:{self.port}/api/{path}", json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer.raise_for_status().json()
            sleep(0.2)

    def asked_for(self, run: str, what: str) -> list[dict[str, Any]]:
        """Task runs, artifacts or so of a flow run."""
        found: list[dict[str, Any]] = self.ask(f"{what}/filter", {"flow_runs": {"id": {"any_": [run]}}})
        return found

    def typed_run(self) -> str:
        """The id of a run that is asked for by the README's command, without its parameter."""
        said = self.typed(RUN.partition(" --param")[0].strip())
        found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", said)
        assert found is not None, said
        return found[0]

    def begun(self, deployment: str, **parameters: object) -> str:
        """The id of a run of a deployment, with other parameters."""
        return str(self.ask(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"])

    def ended(self, run: str) -> dict[str, Any]:
        """A run, as soon as it is over."""
        wait_until(lambda: self.ask(f"flow_runs/{run}")["state_type"] in ENDS)
        found: dict[str, Any] = self.ask(f"flow_runs/{run}")
        return found


def wait_until(happened: Callable[[], object]) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while not happened():
        assert monotonic() < end
        sleep(0.2)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine whose server knows the deployments."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        machine = Machine(tmp_path_factory.mktemp("machine"), free.getsockname()[1])
    for seed, name in enumerate(CONTENTS):
        paint(machine.folder / "content" / f"{name}.png", seed)
    for seed, name in enumerate(STYLES, start=5):
        paint(machine.folder / "style" / f"{name}.png", seed)
    machine.folder.joinpath("content", "broken.jpg").write_bytes(BROKEN_JPEG)
    with machine.going_on(START, "server.log"):
        machine.typed(SET_UP)
        machine.typed(f"{GIVE_PLACES.strip()} --param 'config={json.dumps(CONFIG.to_dict())}'")
        yield machine


@pytest.fixture(scope="module")
def worker(machine: Machine) -> Iterator[int]:
    """The process group of a worker, for as long as no test kills it."""
    with machine.going_on(WORK, "worker.log") as group:
        yield group


@pytest.fixture(scope="module")
def night(machine: Machine, worker: int) -> dict[str, Any]:
    """A run of the deployment that is over, and recorded."""
    assert worker
    run = machine.ended(machine.typed_run())
    wait_until(
        lambda: (
            [task["state_type"] in ENDS for task in machine.asked_for(run["id"], "task_runs")] == [True] * len(TASKS)
        )
    )
    return run


def test_ten_tasks_complete_and_two_fail_under_readable_names(machine: Machine, night: dict[str, Any]) -> None:
    assert night["name"] == "content in the style of style"
    assert (night["state_type"], night["state"]["message"]) == ("FAILED", "10 of 12 pairs have their picture, 2 failed")
    assert {task["name"]: task["state_type"] for task in machine.asked_for(night["id"], "task_runs")} == TASKS


def test_the_pictures_the_bar_and_the_table_are_artifacts(machine: Machine, night: dict[str, Any]) -> None:
    found = machine.asked_for(night["id"], "artifacts")
    assert {artifact["key"].rpartition("-")[2] for artifact in found} >= {"progress", "pictures", "backbones"}


def test_the_next_night_is_planned_for_its_hour(machine: Machine, night: dict[str, Any]) -> None:
    planned = {
        "deployments": {"id": {"any_": [night["deployment_id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    wait_until(lambda: machine.ask("flow_runs/filter", planned))
    dates = [run["expected_start_time"] for run in machine.ask("flow_runs/filter", planned)]
    assert {datetime.fromisoformat(date).astimezone(ZoneInfo("Europe/Berlin")).hour for date in dates} == {22}


def sidecars(output: Path) -> dict[Path, tuple[int, str]]:
    """When each sidecar was written, and by which run."""
    return {
        path: (path.stat().st_mtime_ns, Sidecar.from_json(path.read_bytes()).row.run_id)
        for path in output.glob("tiny/*.json")
    }


def test_a_run_whose_worker_is_killed_is_marked_and_the_next_makes_the_rest(
    machine: Machine, night: dict[str, Any], worker: int
) -> None:
    output = machine.folder / "half-way"
    how = {"output": str(output), "config": SLOW.to_dict(), "exclude": ["broken.jpg"]}
    first = machine.begun(night["deployment_id"], **how)
    wait_until(lambda: len(sidecars(output)) >= 3)
    os.killpg(worker, signal.SIGKILL)
    assert machine.ended(first)["state_type"] == "CRASHED"
    before = sidecars(output)
    assert 3 <= len(before) < len(MADE)
    with machine.going_on(WORK, "next.log"):
        second = machine.begun(night["deployment_id"], **machine.ask(f"flow_runs/{first}")["parameters"])
        assert machine.ended(second)["state"]["message"] == "10 of 10 pairs have their picture, 0 failed"
    after = sidecars(output)
    assert after.items() >= before.items()
    assert {run for path, (_, run) in after.items() if path not in before} == {second}
    rows = read_results((output / "results.csv").read_bytes())
    assert [row.status for row in rows].count("skipped") == len(before)
