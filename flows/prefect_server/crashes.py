"""Why runs crashed, said where they are served.

Not every cause leaves a word in the log: a run that an automation of the server, or a person, marks as crashed is not
told so, and Prefect's own lines on a process that was killed go with its log level. Its state says why in each case.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

import click
import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort


@asynccontextmanager
async def crashes_told(deployment: UUID, pause: float) -> AsyncIterator[None]:
    """Say of each run of a deployment that crashes why: while the block lasts, and once more as it ends.

    Args:
        deployment: its id.
        pause: seconds between two looks.
    """
    crashed = _crashed_since(datetime.now(UTC), deployment)
    told: set[UUID] = set()
    async with get_client() as client:
        looking = asyncio.create_task(_tell_often(client, crashed, told, pause))
        try:
            yield
        finally:
            looking.cancel()
        await _tell(client, crashed, told)


def _crashed_since(start: datetime, deployment: UUID) -> FlowRunFilter:
    ended = {"state": {"type": {"any_": ["CRASHED"]}}, "end_time": {"after_": start}}
    return FlowRunFilter.model_validate(ended | {"deployment_id": {"any_": [deployment]}})


async def _tell_often(client: PrefectClient, crashed: FlowRunFilter, told: set[UUID], pause: float) -> None:
    while True:
        await _tell(client, crashed, told)
        await asyncio.sleep(pause)


async def _tell(client: PrefectClient, crashed: FlowRunFilter, told: set[UUID]) -> None:
    """Say what is not told yet; a server that does not answer is asked again the next time."""
    with suppress(httpx.HTTPError):
        for run in await client.read_flow_runs(flow_run_filter=crashed, sort=FlowRunSort.END_TIME_DESC):
            if run.state is not None and run.state.id not in told:
                told.add(run.state.id)
                reason = " ".join((run.state.message or "its state has no message").split())
                click.echo(f"nightbrush: the run {run.name!r} crashed: {reason}", err=True)
