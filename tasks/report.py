"""The Prefect task that writes the CSV files and the report."""

from collections.abc import Iterable

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.manifest import ManifestRow
from tasks.outcome import write_outcome
from tasks.storage import open_storage


@task(name="report", task_run_name="report", cache_policy=NO_CACHE)
def report(output: str, rows: Iterable[ManifestRow]) -> None:
    """Write `results.csv`, `backbones.csv` and `report.html`; what could not be read is logged."""
    outcome = write_outcome(open_storage(output), rows)
    for note in outcome.notes:
        get_run_logger().warning(note)
