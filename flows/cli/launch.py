"""Check and plan a batch before Prefect and TensorFlow are loaded, then run it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from flows.parameters import Batch, ComparisonBatch
from tasks.comparison.grid import trials_of
from tasks.planning.job import Job
from tasks.planning.pairs import Plan

if TYPE_CHECKING:
    from flows.prefect_server.history import History


def launch_batch(batch: Batch, no_history: bool, dry_run: bool = False) -> bool:
    """Run a batch, or print what it would do; returns True if it ended well, or would as far as is known.

    Args:
        batch: the pairs to make, and how.
        no_history: True to start no server for the history.
        dry_run: True to print the plan alone.

    Raises:
        NightbrushError: the batch cannot run.
    """
    from tasks.preflight.checks import preflight

    plan = preflight(batch.job, batch.request)

    def run(history: "History") -> bool:
        from flows.cli.run_here import run_batch

        return run_batch(plan, batch, history)

    if dry_run:
        return _print_plan(plan, batch)
    return _launch(run, plan, batch.job, no_history, here=batch.runner == "threads")


def launch_comparison(batch: ComparisonBatch, no_history: bool, dry_run: bool = False) -> bool:
    """Run a comparison, or print what it would do; returns True if it ended well, or would as far as is known.

    Arguments and errors are those of `launch_batch`. The judge works in this process, with any runner.
    """
    from tasks.preflight.checks import preflight

    plan = preflight(batch.job, batch.request)
    all_trials = replace(plan, pairs=tuple(trial.spec for trial in trials_of(plan, batch.grids, batch.referee)))

    def run(history: "History") -> bool:
        from flows.cli.run_here import run_comparison

        return run_comparison(plan, batch, history)

    return _print_plan(all_trials, batch) if dry_run else _launch(run, all_trials, batch.job, no_history)


def _print_plan(plan: Plan, batch: Batch | ComparisonBatch) -> bool:
    """Print a plan; returns True if no pair is known to fail, or if that is allowed."""
    from flows.cli.dry_run import describe_plan
    from tasks.preflight.workload import Failure

    lines = list(describe_plan(plan, batch.job))
    click.echo("\n".join(lines))
    return batch.allow_failures or not any(isinstance(line, Failure) for line in lines)


def _launch(run: Callable[["History"], bool], plan: Plan, job: Job, no_history: bool, here: bool = True) -> bool:
    """Open a history and run; `here` loads TensorFlow first, for pictures that this process makes.

    Where our server's files cannot be locked, there is no history, as a note of the plan says.
    """
    from flows.prefect_server import local_server
    from flows.prefect_server.history import open_history

    with open_history(embedded=no_history or not local_server.is_possible()) as history:
        from flows.cli.run_here import load_engine_if_needed

        if here:
            load_engine_if_needed(plan, job)
        click.echo(history.announcement, err=True)
        return run(history)
