"""The Prefect task that writes the CSV files, the report, and the artifacts in the run's history."""

from collections.abc import Iterable

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from tasks.records.row import ManifestRow
from tasks.reporting.number_format import round_figures
from tasks.reporting.outputs import BACKBONES, REPORT, RESULTS, write_outputs
from tasks.reporting.run_artifact import artifact_key, digest
from tasks.storage import open_storage


@task(name="report", task_run_name="report", cache_policy=NO_CACHE)
def report(output: str, rows: Iterable[ManifestRow]) -> tuple[str, ...]:
    """Write `results.csv`, `backbones.csv` and `report.html`; returns a line for each file that could not be used.

    Leaves two artifacts, under keys that are the same for each run into this output: a digest with small pictures, and
    the table of the backbones, rounded to four significant digits; `backbones.csv` has all digits.
    """
    storage = open_storage(output)
    outcome = write_outputs(storage, rows)
    uris = [storage.uri(name) for name in (REPORT, RESULTS, BACKBONES)]
    create_markdown_artifact(
        digest(outcome.summary, outcome.exhibits, uris),
        key=artifact_key(storage.uri(), "pictures"),
        description=f"Pictures, curves and failures of {storage.uri()}",
    )
    create_table_artifact(
        round_figures(outcome.summary.table),
        key=artifact_key(storage.uri(), "backbones"),
        description=f"Backbones of {storage.uri()}",
    )
    return outcome.notes
