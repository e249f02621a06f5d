"""From what a command was given to a run: all is checked and planned before Prefect and TensorFlow are loaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError
from tasks.comparison.grid import Grid, trials_of, variants
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import Request

if TYPE_CHECKING:
    from flows.prefect_server.history import History


def launch_batch(
    config: TransferConfig,
    request: Request,
    places: Mapping[str, Any],
    how: dict[str, Any],
    no_history: bool,
    dry_run: bool = False,
) -> bool:
    """Run a batch, or say what it would do; returns whether it ended well.

    Args:
        config, request: what is asked for.
        places: the folders and the device, as for a `Job`.
        how: what else the flow takes.
        no_history: whether no server is started.
        dry_run: whether nothing is made.

    Raises:
        NightbrushError: the batch cannot run.
    """
    from tasks.planning.shards import shard_size
    from tasks.preflight.checks import preflight

    job = Job(config=config, **places)
    shard_size(0, how["pairs_per_task"])
    plan = preflight(job, request)

    def run(history: "History") -> bool:
        from flows.cli.run_here import run_batch

        return run_batch(plan, job, request, history, **how)

    return _described(plan, job) if dry_run else _launched(run, plan, job, no_history, how["runner"] == "threads")


def launch_comparison(
    grids: Sequence[Grid],
    request: Request,
    places: Mapping[str, Any],
    how: dict[str, Any],
    no_history: bool,
    dry_run: bool = False,
) -> bool:
    """Run a comparison, or say what it would do; returns whether it ended well.

    Arguments and errors are those of `launch_batch`, with grids of configurations in the place of one. The judge
    works here, whatever makes the pictures.
    """
    from tasks.preflight.checks import preflight

    variants(grids)  # what is not allowed is told before anything is listed or downloaded
    job = Job(config=grids[0].config, **places)
    plan = preflight(job, request)
    whole = replace(plan, pairs=tuple(trial.spec for trial in trials_of(plan, grids, how["referee"])))

    def run(history: "History") -> bool:
        from flows.cli.run_here import run_comparison

        return run_comparison(plan, job, request, grids, history, **how)

    return _described(whole, job) if dry_run else _launched(run, whole, job, no_history)


def places_or_pictures_at_hand(
    content: str | None, style: str | None, output: str | None, device: str | None
) -> dict[str, str | None]:
    """The folders of a comparison, and its device; where none is given, they lie in `comparison`, with a picture each.

    Raises:
        ConfigError: some folders are given, and not all.
        NightbrushError: the pictures cannot be made.
    """
    given = {"content": content, "style": style, "output": output}
    absent = [name for name, place in given.items() if place is None]
    if absent and len(absent) < len(given):
        raise ConfigError(f"{' and '.join(absent)} is not given; name content, style and output, or none of them")
    return (_pictures_at_hand(Path("comparison")) if absent else given) | {"device": device}


def _pictures_at_hand(folder: Path) -> dict[str, str | None]:
    from tasks.samples.sample_pictures import write_demo
    from tasks.storage.local import LocalStorage

    places = {"content": folder / "contents", "style": folder / "styles", "output": folder / "output"}
    write_demo(LocalStorage(places["content"]), LocalStorage(places["style"]), ("astronaut",), ("swirls",))
    return {name: str(place) for name, place in places.items()}


def _described(plan: Plan, job: Job) -> bool:
    from flows.cli.dry_run import describe_plan

    click.echo(describe_plan(plan, job))
    return True


def _launched(run: Callable[["History"], bool], plan: Plan, job: Job, no_history: bool, here: bool = True) -> bool:
    """Run with a history, TensorFlow loaded beforehand where the pictures are made here."""
    from flows.prefect_server.history import history

    with history(embedded=no_history) as kept:
        from flows.cli.run_here import load_engine_if_needed

        if here:
            load_engine_if_needed(plan, job)
        click.echo(kept.announcement, err=True)
        return run(kept)
