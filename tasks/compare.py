"""The Prefect task that judges a comparison, writes its tables, its page, and the artifacts in the run's history."""

from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from nst_engine.judging.referee import Referee
from tasks.comparison.grid import Trial
from tasks.comparison.judging import judged, referees
from tasks.comparison.outputs import COMPARISON, CURVES, PAGE, REFEREES, write_comparison
from tasks.comparison.run_artifact import comparison_digest
from tasks.planning.job import Job
from tasks.records.row import ManifestRow
from tasks.records.summary import table_records
from tasks.reporting.number_format import round_figures
from tasks.reporting.run_artifact import artifact_key
from tasks.storage import open_storage


@task(name="compare", task_run_name="compare", cache_policy=NO_CACHE, persist_result=False)
def compare(trials: Sequence[Trial], rows: Sequence[ManifestRow], job: Job, referee: Referee | None) -> list[str]:
    """Judge the pictures of a comparison, and write `comparison.csv`, `curves.csv`, `referees.csv` and the page.

    Returns notes, a line each: pictures that could not be judged, and networks with random weights.

    Leaves two artifacts, under keys that are the same for each run into this output: a digest of the page, with
    pictures, charts and tables, and the judge's verdict.
    """
    output, notes = open_storage(job.output), list[str]()
    comparison = judged(trials, rows, job, referees(trials, referee), notes.append)
    if comparison.untrained:
        notes.append(f"random weights rank pictures by chance: {', '.join(comparison.untrained)}")
    pictures = write_comparison(output, comparison)
    uris = [output.uri(name) for name in (PAGE, COMPARISON, CURVES, REFEREES)]
    create_markdown_artifact(
        comparison_digest(comparison, pictures, uris),
        key=artifact_key(output.uri(), "comparison"),
        description=f"Comparison in {output.uri()}",
    )
    create_table_artifact(
        round_figures(table_records(comparison.verdict.frame)),
        key=artifact_key(output.uri(), "verdict"),
        description=comparison.verdict.note,
    )
    return notes
