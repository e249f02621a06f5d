"""A batch that runs now, here, in this process."""

from collections.abc import Sequence
from typing import Any

import click
from prefect import State

from flows.batch import parameters, stylize_batch
from flows.compare import compare_backbones
from flows.prefect_server.history import History
from nst_engine.hardware.quiet_import import import_quietly
from tasks.compare import compare
from tasks.comparison.grid import Grid
from tasks.comparison.outputs import COMPARISON, CURVES, PAGE
from tasks.discover import prepared
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import Request
from tasks.preflight.checks import unfinished
from tasks.report import report
from tasks.reporting.outputs import REPORT, RESULTS
from tasks.storage import StorageError, open_storage


def load_engine_if_needed(plan: Plan, job: Job) -> None:
    """Load TensorFlow now, while nothing else writes to stderr, unless every pair seems finished.

    Raises:
        ConfigError: this machine does not have the job's device.
    """
    if job.device is not None or next(unfinished(plan, job), None) is not None:
        import_quietly("nst_engine.transfer.engine")
        import_quietly("nst_engine.hardware.devices").resolve_device(job.device)


def run_batch(plan: Plan, job: Job, request: Request, history: History, **how: Any) -> bool:
    """Run the batch flow on a plan that was made for it, and say where to look; returns whether it ended well.

    Args:
        plan, job, request: the batch.
        history: what keeps the run.
        how: what else the flow takes.

    Raises:
        Exception: whatever kept the flow from coming to its verdict.
    """
    with prepared(plan):
        state = history.run(
            stylize_batch,
            last=report.name,
            config=job.config,
            backbones=list(request.backbones),
            **parameters(job, request),
            **how,
        )
    return _ended(state, job, Report=REPORT, Table=RESULTS)


def run_comparison(plan: Plan, job: Job, request: Request, grids: Sequence[Grid], history: History, **how: Any) -> bool:
    """Run the compare flow on a plan that was made for it, and say where to look; returns whether it ended well.

    Args:
        plan, job, request: the pairs.
        grids: the configurations.
        history: what keeps the run.
        how: what else the flow takes.

    Raises:
        Exception: whatever kept the flow from coming to its verdict.
    """
    with prepared(plan):
        state = history.run(compare_backbones, last=compare.name, grids=list(grids), **parameters(job, request), **how)
    return _ended(state, job, Comparison=PAGE, Table=COMPARISON, Curves=CURVES)


def _ended(state: State[Any], job: Job, **files: str) -> bool:
    outcome: object = state.result(raise_on_failure=False)
    if isinstance(outcome, StorageError):
        click.echo(f"nightbrush: {state.message}", err=True)
        return False
    if isinstance(outcome, Exception):
        raise outcome
    output = open_storage(job.output)
    click.echo("\n".join([str(state.message), *(f"{what}: {output.uri(file)}" for what, file in files.items())]))
    return bool(state.is_completed())
