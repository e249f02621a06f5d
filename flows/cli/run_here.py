"""Run a flow now, in this process."""

from collections.abc import Mapping

import click

from flows.batch import batch_flow
from flows.compare import comparison_flow
from flows.final_state import Verdict
from flows.parameters import Batch, ComparisonBatch
from flows.prefect_server.history import History
from nst_engine.hardware.quiet_import import import_quietly
from tasks.compare import compare
from tasks.comparison.outputs import COMPARISON, CURVES, PAGE
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.preflight.checks import unfinished
from tasks.report import report
from tasks.reporting.outputs import REPORT, RESULTS
from tasks.storage import StorageError, open_storage

_BATCH_FILES = {"Report": REPORT, "Table": RESULTS}
_COMPARISON_FILES = {"Comparison": PAGE, "Table": COMPARISON, "Curves": CURVES}
"""Keys of the files to look at, by the words that the terminal has for them."""


def load_engine_if_needed(plan: Plan, job: Job) -> None:
    """Load TensorFlow now, before anything else writes to stderr, unless every pair seems finished.

    Raises:
        ConfigError: this machine does not have the job's device.
    """
    if job.device is not None or next(unfinished(plan, job), None) is not None:
        import_quietly("nst_engine.transfer.engine")
        import_quietly("nst_engine.hardware.devices").resolve_device(job.device)


def run_batch(plan: Plan, batch: Batch, history: History) -> bool:
    """Run the batch flow on a plan, and print where its files are; returns True if it ended well.

    Args:
        plan: the pairs of the batch.
        batch: the values of the flow's parameters.
        history: where the history of the run goes.

    Raises:
        Exception: the error that ended the flow before its final state.
    """
    state = history.run(batch_flow(lambda _job, _request: plan), report.name, batch.parameters())
    return _print_outcome(state, batch.job.output, _BATCH_FILES)


def run_comparison(plan: Plan, batch: ComparisonBatch, history: History) -> bool:
    """Run the compare flow on a plan, and print where its files are; returns True if it ended well.

    Args:
        plan: the pairs, under the configuration of the first grid.
        batch: the values of the flow's parameters.
        history: where the history of the run goes.

    Raises:
        Exception: the error that ended the flow before its final state.
    """
    state = history.run(comparison_flow(lambda _job, _request: plan), compare.name, batch.parameters())
    return _print_outcome(state, batch.job.output, _COMPARISON_FILES)


def _print_outcome(state: Verdict, output: str, files: Mapping[str, str]) -> bool:
    """Print how a run has ended, and where its files are in `output`; returns True if it ended well.

    Raises:
        Exception: the error that ended the flow before its final state.
    """
    outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, StorageError):
        click.echo(f"nightbrush: {state.message}", err=True)
        return False
    if isinstance(outcome, Exception):
        raise outcome
    storage = open_storage(output)
    click.echo("\n".join([str(state.message), *(f"{what}: {storage.uri(file)}" for what, file in files.items())]))
    return state.is_completed()
