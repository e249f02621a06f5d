"""Small batches under a Prefect server, and their runs on it."""

from collections.abc import Collection
from pathlib import Path
from shutil import copytree
from time import sleep
from typing import Any
from uuid import uuid4

from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun, TaskRun

from flows.batch import stylize_batch
from tasks.records.csv_files import read_results
from tasks.records.row import ManifestRow
from tests.tasks.studio import CONFIG, paint

PAIRS = ["hill--swirl", "lake--swirl", "hill--wave", "lake--wave"]
TASKS = [f"tiny/{pair}" for pair in PAIRS]


def two_by_two(tmp_path: Path) -> dict[str, str]:
    """Two contents, two styles, and where the output goes; the content folder has a name of its own."""
    contents, styles = tmp_path / f"photos-{uuid4().hex[:6]}", tmp_path / "paintings"
    for seed, name in enumerate(("hill", "lake")):
        paint(contents / f"{name}.png", seed)
    for seed, name in enumerate(("swirl", "wave"), start=5):
        paint(styles / f"{name}.jpg", seed)
    return {"content": str(contents), "style": str(styles), "output": str(tmp_path / "out")}


def copy_of(places: dict[str, str], folder: Path) -> dict[str, str]:
    """The same places in another folder, with what is in them."""
    copies = {name: folder / Path(place).name for name, place in places.items()}
    for name, copy in copies.items():
        copytree(places[name], copy)
    return {name: str(copy) for name, copy in copies.items()}


def batch(places: dict[str, str], **parameters: Any) -> State[Any]:
    state: State[Any] = stylize_batch(**{**places, "config": CONFIG, **parameters}, return_state=True)
    return state


def results(places: dict[str, str]) -> tuple[ManifestRow, ...]:
    return read_results(Path(places["output"], "results.csv").read_bytes())


def flow_run_of(places: dict[str, str], what: str = "{}") -> FlowRun:
    name = what.format(f"{Path(places['content']).name} in the style of paintings")
    with get_client(sync_client=True) as client:
        (run,) = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name])))
    return run


def task_runs_of(run: FlowRun, names: Collection[str]) -> dict[str, TaskRun]:
    """All task runs of a run, once those called `names` have ended: the server records them after the run's end."""
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
    with get_client(sync_client=True) as client:
        while True:
            found = {task.name: task for task in client.read_task_runs(flow_run_filter=chosen)}
            ended = {name for name, task in found.items() if task.state and task.state.is_final()}
            if ended.issuperset(names):
                return found
            sleep(0.1)
