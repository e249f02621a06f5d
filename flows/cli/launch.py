"""From what a command was given to a run: all is checked and planned before Prefect and TensorFlow are loaded."""

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
    """Run a batch, or say what it would do; returns whether it ended well.

    Args:
        batch: what is asked for.
        no_history: whether no server is started.
        dry_run: whether nothing is made.

    Raises:
        NightbrushError: the batch cannot run.
    """
    from tasks.preflight.checks import preflight

    plan = preflight(batch.job, batch.request)

    def run(history: "History") -> bool:
        from flows.cli.run_here import run_batch

        return run_batch(plan, batch, history)

    if dry_run:
        return _described(plan, batch.job)
    return _launched(run, plan, batch.job, no_history, here=batch.runner == "threads")


def launch_comparison(batch: ComparisonBatch, no_history: bool, dry_run: bool = False) -> bool:
    """Run a comparison, or say what it would do; returns whether it ended well.

    Arguments and errors are those of `launch_batch`. The judge works here, whatever makes the pictures.
    """
    from tasks.preflight.checks import preflight

    plan = preflight(batch.job, batch.request)
    whole = replace(plan, pairs=tuple(trial.spec for trial in trials_of(plan, batch.grids, batch.referee)))

    def run(history: "History") -> bool:
        from flows.cli.run_here import run_comparison

        return run_comparison(plan, batch, history)

    return _described(whole, batch.job) if dry_run else _launched(run, whole, batch.job, no_history)


def _described(plan: Plan, job: Job) -> bool:
    from flows.cli.dry_run import describe_plan

    click.echo(describe_plan(plan, job))
    return True


def _launched(run: Callable[["History"], bool], plan: Plan, job: Job, no_history: bool, here: bool = True) -> bool:
    """Run with a history, TensorFlow loaded beforehand where the pictures are made here."""
    from flows.prefect_server.history import open_history

    with open_history(embedded=no_history) as history:
        from flows.cli.run_here import load_engine_if_needed

        if here:
            load_engine_if_needed(plan, job)
        click.echo(history.announcement, err=True)
        return run(history)
