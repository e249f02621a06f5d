"""The batch every night, from this machine: a deployment that needs no work pool and no worker."""

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
"""Of the deployment, after the flow's: `stylize-batch/served`."""

RETRIES = {"PREFECT_TASKS_DEFAULT_RETRIES": "2", "PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS": "60,600"}
"""Environment variables of a night's run: what finds the pairs and what writes the report wait for a storage that is
away for some minutes. Pictures are not tried again: storages have patience of their own, and so has the next night."""

_CRON_FIELDS = 5


class _Runner(Runner):
    """A runner that a signal stops in order: a run under way is cancelled, and schedules are paused."""

    told = False

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """Stop, as soon as there is something to stop; at once when told so twice."""
        if self.told:
            raise KeyboardInterrupt
        self.told = True
        if self.started:
            self._stop_soon()

    async def __aenter__(self) -> Self:
        """Start, and stop again if that is what was told meanwhile."""
        await super().__aenter__()
        if self.told:
            self._stop_soon()
        return self

    def _stop_soon(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.create_task, self.astop())


def serve(batch: Batch, cron: str, timezone: str | None) -> None:
    """Make the batch each time that the schedule says so, until this process is told to end.

    While a run is under way, the next one is cancelled: it would write to the same output, and what it would have made
    is made by the one after it.

    Args:
        batch: what each run makes.
        cron: five fields.
        timezone: name of the zone that `cron` is meant in; None is this machine's.

    Raises:
        NightbrushError: the schedule makes no sense, or no batch could run.
    """
    zone = timezone or get_localzone_name()
    following = next_time(cron, zone)
    require_runnable(batch.job, batch.request)
    deployment = nightly(lasting(batch), cron, zone)
    with set_environment({name: os.environ.get(name, value) for name, value in RETRIES.items()}), _reported():
        runner = _Runner(name=NAME)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, runner.handle_sigterm)
        known = asyncio.run(runner.aadd_deployment(deployment))
        click.echo(f"Serving {deployment.full_name}, the next time {following:%Y-%m-%d %H:%M} {zone}; end with Ctrl-C")
        asyncio.run(_run(runner, known))
    click.echo("No longer served: the schedule is paused until the same command runs again")


async def _run(runner: Runner, deployment: UUID) -> None:
    """Run what is due until told to end, and say why runs crash."""
    async with report_crashes(deployment, runner.query_seconds):
        await runner.start()


def next_time(cron: str, zone: str) -> datetime:
    """When a schedule comes next, in its own zone.

    Raises:
        ConfigError: the zone is not known, or the time is none, or never comes.
    """
    none = f"cron={cron!r} is no time that comes; use five fields, such as '0 22 * * *'"
    if not cron.startswith("@") and len(cron.split()) != _CRON_FIELDS:
        raise ConfigError(none)
    try:
        (following,) = asyncio.run(CronSchedule(cron=cron, timezone=zone).get_dates(1))
    except ValueError as error:
        if "timezone" in str(error):
            raise ConfigError(f"timezone={zone!r} is not known; use a name such as Europe/Berlin") from error
        raise ConfigError(none) from error
    return following


def lasting(batch: Batch) -> dict[str, Any]:
    """The parameters of the batch flow as JSON can carry them, each folder and file by its absolute path."""
    moved = replace(batch, job=make_job_absolute(batch.job), request=make_request_absolute(batch.request))
    return moved.parameters() | {"config": moved.job.config.to_dict()}


def nightly(parameters: dict[str, Any], cron: str, zone: str) -> RunnerDeployment:
    """The deployment, not yet known to any server. Its runs load the flow from the installed package."""
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
def _reported() -> Iterator[None]:
    """Report to the API that is set, or to a server of our own, which lives at least as long as the block."""
    with open_history(embedded=False) as history:
        click.echo(history.announcement, err=True)
        with temporary_settings({PREFECT_API_URL: local_server.await_address()} if history.is_ours else {}):
            yield
