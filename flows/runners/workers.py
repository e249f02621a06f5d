"""A batch over many workers: its shards as flow runs of one deployment, their rows gathered in one place."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from time import sleep
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from prefect.states import Cancelling

from flows.runners.absolute_paths import work_from_anywhere
from flows.runners.task_runs import Rows
from nst_engine import ConfigError, Status
from nst_engine.errors import NightbrushError
from tasks.making.stylize_pair import failed_row
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.planning.shards import Shard
from tasks.records.existing import skipped_row
from tasks.records.row import ManifestRow
from tasks.records.sidecar import Sidecar
from tasks.storage import Storage, open_storage

DEPLOYMENT = "stylize-shard/shard"
"""What workers serve."""

ROWS = "shard"
"""Key of the table in which a shard's run leaves what became of its pairs."""

_POLL_SECONDS = 2.0

_READERS = 32
"""Sidecars that are read at the same time."""


def on_workers(shards: Iterable[Shard], job: Job) -> Rows:
    """Have the workers of the deployment work on shards, a flow run for each.

    Raises:
        ConfigError: there is no server, or no such deployment on it.
    """
    if get_current_settings().api.url is None:
        raise ConfigError("runner='workers' needs the Prefect server that they report to; set PREFECT_API_URL")
    shards, job = work_from_anywhere(shards, job)
    begun = {run.id: (index, shard) for index, (shard, run) in enumerate(_begun(shards, job))}
    with get_client(sync_client=True) as client, _cancelling(client, begun):
        for run in _as_they_end(client, [*begun]):
            index, shard = begun.pop(run.id)
            yield index, gathered(client, run, shard, job)


@contextmanager
def _cancelling(client: SyncPrefectClient, begun: Iterable[UUID]) -> Iterator[None]:
    """Cancel the runs that are still under way when the batch is interrupted."""
    try:
        yield
    except BaseException:
        for run in begun:
            client.set_flow_run_state(run, Cancelling())
        raise


def _begun(shards: Iterable[Shard], job: Job) -> Iterator[tuple[Shard, FlowRun]]:
    for number, shard in enumerate(shards):
        parameters = {"pairs": [asdict(pair) for pair in shard.pairs], "job": asdict(job)}
        try:
            run: Any = run_deployment(
                DEPLOYMENT,
                parameters=parameters,
                flow_run_name=shard.name,
                timeout=0,
                idempotency_key=f"{job.run_id}-{number}",
            )
        except ObjectNotFound as error:
            raise ConfigError(
                f"runner='workers' finds no deployment {DEPLOYMENT!r} on the server; see deployments/README.md"
            ) from error
        yield shard, run


def _as_they_end(client: SyncPrefectClient, ids: list[UUID]) -> Iterator[FlowRun]:
    while ids:
        some = FlowRunFilter(id=FlowRunFilterId(any_=ids[:100]))
        ended = [run for run in client.read_flow_runs(flow_run_filter=some) if run.state and run.state.is_final()]
        yield from ended
        gone = {run.id for run in ended}
        ids = [each for each in ids if each not in gone]
        if not ended:
            ids = ids[100:] + ids[:100]
            sleep(_POLL_SECONDS)


def gathered(client: SyncPrefectClient, run: FlowRun, shard: Shard, job: Job) -> list[ManifestRow]:
    """The rows of a shard that has ended: of what was made from the sidecars, of the rest from what its run tells.

    A run that died tells nothing; what it had made before is there all the same.
    """
    told = _told(client, run)
    output = open_storage(job.output)
    ended = f"its worker's run {run.name!r} ended as {run.state_name}"

    def row(pair: PairSpec) -> ManifestRow:
        if pair.pair in told:
            return _row(output, pair, job, *told[pair.pair])
        found = _row(output, pair, job, Status.COMPLETED, None)
        return found if found.run_id == job.run_id and found.status != Status.FAILED else failed_row(pair, job, ended)

    with ThreadPoolExecutor(_READERS) as pool:  # each waits for its storage most of the time
        return list(pool.map(row, shard.pairs))


def _told(client: SyncPrefectClient, run: FlowRun) -> dict[str, tuple[str, str | None]]:
    """Status and error of each pair, as the shard's run left them; nothing where it did not come so far."""
    tables = client.read_artifacts(
        artifact_filter=ArtifactFilter(
            flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]), key=ArtifactFilterKey(any_=[ROWS])
        )
    )
    return {row["pair"]: (row["status"], row["error"]) for table in tables for row in json.loads(str(table.data))}


def _row(output: Storage, pair: PairSpec, job: Job, status: str, error: str | None) -> ManifestRow:
    row = failed_row(pair, job, error or "")
    if status == Status.FAILED:
        return row
    try:
        sidecar = Sidecar.from_json(output.read(pair.sidecar_key))
    except NightbrushError as damaged:
        return replace(row, error=f"sidecar {pair.sidecar_key!r} cannot be used: {damaged}; run the batch again")
    return skipped_row(sidecar, row) if status == Status.SKIPPED else sidecar.row
