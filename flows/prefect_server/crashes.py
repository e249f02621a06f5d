"""Say why runs crashed, in the terminal of the command that serves them and in their own logs.

A run cannot say it itself: it does not notice that an automation or a person marks it as crashed, and a process that
was killed says nothing. The state of the run gives the reason in each case.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

import click
import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import LogCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort


@asynccontextmanager
async def report_crashes(deployment: UUID, pause: float) -> AsyncIterator[None]:
    """Print why runs of a deployment crash, and log it with the runs, until the block ends.

    Args:
        deployment: the id of the deployment.
        pause: seconds between two requests to the server.
    """
    crashed = _crashed_since(datetime.now(UTC), deployment)
    reported: set[UUID] = set()
    async with get_client() as client:
        watching = asyncio.create_task(_report_repeatedly(client, crashed, reported, pause))
        try:
            yield
        finally:
            watching.cancel()
        await _report(client, crashed, reported)


def _crashed_since(start: datetime, deployment: UUID) -> FlowRunFilter:
    ended = {"state": {"type": {"any_": ["CRASHED"]}}, "end_time": {"after_": start}}
    return FlowRunFilter.model_validate(ended | {"deployment_id": {"any_": [deployment]}})


async def _report_repeatedly(client: PrefectClient, crashed: FlowRunFilter, reported: set[UUID], pause: float) -> None:
    while True:
        await _report(client, crashed, reported)
        await asyncio.sleep(pause)


async def _report(client: PrefectClient, crashed: FlowRunFilter, reported: set[UUID]) -> None:
    """Print and log the reasons of new crashes; if the server does not answer, the next call tries again."""
    with suppress(httpx.HTTPError):
        for run in await client.read_flow_runs(flow_run_filter=crashed, sort=FlowRunSort.END_TIME_DESC):
            if run.state is not None and run.state.id not in reported:
                reported.add(run.state.id)
                reason = " ".join((run.state.message or "its state has no message").split())
                click.echo(f"nightbrush: the run {run.name!r} crashed: {reason}", err=True)
                await client.create_logs([_log_line(run.id, f"the run crashed: {reason}")])


def _log_line(run: UUID, text: str) -> LogCreate:
    line = {"name": "nightbrush", "level": logging.ERROR, "message": text, "timestamp": datetime.now(UTC)}
    return LogCreate.model_validate(line | {"flow_run_id": run})
