"""Serve a batch on a schedule from this machine: a deployment that needs no work pool and no worker."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import click
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.server.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.types.entrypoint import EntrypointType
from prefect.utilities.urls import url_for
from tzlocal import get_localzone_name

from flows.batch import stylize_batch
from flows.parameters import Batch
from flows.prefect_server import local_server
from flows.prefect_server.crashes import report_crashes
from flows.prefect_server.history import open_history
from flows.prefect_server.settings import set_environment
from flows.runners.absolute_paths import make_job_absolute, make_request_absolute
from nst_engine.errors import ConfigError
from tasks.preflight.checks import require_runnable

NAME = "served"
"""Name of the deployment; its full name begins with the flow's: `stylize-batch/served`."""

RETRIES = {"PREFECT_TASKS_DEFAULT_RETRIES": "2", "PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS": "60,600"}
"""Environment variables of a scheduled run: the tasks that find the pairs and write the report are tried again when a
storage is away for some minutes. Pairs are not: storages retry by themselves, and the next run makes what failed."""

_CRON_FIELDS = 5


class _Runner(Runner):
    """A runner that stops cleanly on a signal: the run under way is cancelled, and schedules are paused."""

    stop_requested = False

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """Stop as soon as the runner has started; the second signal raises KeyboardInterrupt at once."""
        if self.stop_requested:
            raise KeyboardInterrupt
        self.stop_requested = True
        if self.started:
            self._stop_soon()

    async def __aenter__(self) -> Self:
        """Start, and stop again if a signal has come meanwhile."""
        await super().__aenter__()
        if self.stop_requested:
            self._stop_soon()
        return self

    def _stop_soon(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.create_task, self.astop())


def serve(batch: Batch, cron: str, timezone: str | None) -> None:
    """Run the batch on its schedule until a signal ends this process.

    A run that is due while another is under way is cancelled, because both would write to the same output; the next run
    makes what is missing.

    Args:
        batch: the batch that each run makes.
        cron: the schedule, five fields.
        timezone: name of the time zone of `cron`; None is this machine's.

    Raises:
        NightbrushError: the schedule is not allowed, or the batch could not run.
    """
    zone = timezone or get_localzone_name()
    following = next_time(cron, zone)
    require_runnable(batch.job, batch.request)
    deployment = build_deployment(json_parameters(batch), cron, zone)
    with set_environment({name: os.environ.get(name, value) for name, value in RETRIES.items()}), _connect_to_api():
        runner = _Runner(name=NAME)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, runner.handle_sigterm)
        deployment_id = asyncio.run(runner.aadd_deployment(deployment))
        click.echo(_how_to_use(deployment.full_name, deployment_id))
        click.echo(f"Serving {deployment.full_name}, the next time {following:%Y-%m-%d %H:%M} {zone}; end with Ctrl-C")
        asyncio.run(_run(runner, deployment_id))
    click.echo("No longer served: the schedule is paused until the same command runs again")


def _how_to_use(name: str, deployment: UUID) -> str:
    """Lines that say where the runs of a deployment are seen, and how one is started at once."""
    address = url_for("deployment", deployment)
    return "\n".join(
        (
            f"Look at its runs: {address} (times are in the browser's time zone)",
            f"Run it now: PREFECT_API_URL={PREFECT_API_URL.value()} prefect deployment run {name}",
        )
    )


async def _run(runner: Runner, deployment: UUID) -> None:
    """Run what is due until the runner stops, and print why runs crash."""
    async with report_crashes(deployment, runner.query_seconds):
        await runner.start()


def next_time(cron: str, zone: str) -> datetime:
    """The next time of a schedule, in its own zone.

    Raises:
        ConfigError: the zone is not known, or the schedule is malformed or never due.
    """
    refusal = f"cron={cron!r} names no time that ever comes; use five fields, such as '0 22 * * *'"
    if not cron.startswith("@") and len(cron.split()) != _CRON_FIELDS:
        raise ConfigError(refusal)
    try:
        (following,) = asyncio.run(CronSchedule(cron=cron, timezone=zone).get_dates(1))
    except ValueError as error:
        if "timezone" in str(error):
            raise ConfigError(f"timezone={zone!r} is not known; use a name such as Europe/Berlin") from error
        raise ConfigError(refusal) from error
    return following


def json_parameters(batch: Batch) -> dict[str, Any]:
    """The parameters of the batch flow as values for JSON, with absolute paths."""
    absolute = replace(batch, job=make_job_absolute(batch.job), request=make_request_absolute(batch.request))
    return absolute.parameters() | {"config": absolute.job.config.to_dict()}


def build_deployment(parameters: dict[str, Any], cron: str, zone: str) -> RunnerDeployment:
    """Returns the deployment, not yet on any server; its runs load the flow from the installed package."""
    limit = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    return RunnerDeployment.from_flow(
        stylize_batch,
        NAME,
        schedule=Cron(cron, timezone=zone),
        concurrency_limit=limit,
        parameters=parameters,
        tags=["nightbrush", NAME],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


@contextmanager
def _connect_to_api() -> Iterator[None]:
    """Report to the API that is set, or to our own server, which runs at least until the block ends."""
    with open_history(embedded=False) as history:
        click.echo(history.announcement, err=True)
        with temporary_settings({PREFECT_API_URL: local_server.await_address()} if history.is_ours else {}):
            yield
