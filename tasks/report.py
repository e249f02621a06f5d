"""The Prefect task that writes the CSV files and the report, and what of them a run's history keeps."""

from collections.abc import Iterable
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from tasks.digest import artifact_key, digest
from tasks.manifest import ManifestRow
from tasks.outcome import BACKBONES, REPORT, RESULTS, write_outcome
from tasks.storage import open_storage


@task(name="report", task_run_name="report", cache_policy=NO_CACHE)
def report(output: str, rows: Iterable[ManifestRow]) -> None:
    """Write `results.csv`, `backbones.csv` and `report.html`; what could not be read is logged.

    Two artifacts are left, under keys that are the same for each run into this output: a digest with small pictures,
    and the table of the backbones, with four digits of each figure that count; `backbones.csv` has them all.
    """
    storage = open_storage(output)
    outcome = write_outcome(storage, rows)
    for note in outcome.notes:
        get_run_logger().warning(note)
    places = [storage.uri(name) for name in (REPORT, RESULTS, BACKBONES)]
    create_markdown_artifact(
        digest(outcome.summary, outcome.exhibits, places),
        key=artifact_key(storage.uri(), "pictures"),
        description=f"Pictures, curves and failures of {storage.uri()}",
    )
    create_table_artifact(
        [{name: _shown(value) for name, value in line.items()} for line in outcome.summary.table],
        key=artifact_key(storage.uri(), "backbones"),
        description=f"Backbones of {storage.uri()}",
    )


def _shown(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
