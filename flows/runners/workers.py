"""Run shards as flow runs of a deployment that workers serve, and gather their rows."""

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

from flows.runners.absolute_paths import make_shards_absolute
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
"""The deployment that workers serve."""

ROWS = "shard"
"""Key of the table artifact to which the run of a shard writes the status and the error of each pair."""

_POLL_SECONDS = 2.0

_READERS = 32
"""Sidecars that are read at the same time."""


def run_on_workers(shards: Iterable[Shard], job: Job) -> Rows:
    """Run shards on the workers of the deployment, a flow run for each.

    Raises:
        ConfigError: no Prefect server is set, or it does not have the deployment.
    """
    if get_current_settings().api.url is None:
        raise ConfigError("runner='workers' needs the Prefect server that they report to; set PREFECT_API_URL")
    shards, job = make_shards_absolute(shards, job)
    under_way = {run.id: (index, shard) for index, (shard, run) in enumerate(_create_runs(shards, job))}
    with get_client(sync_client=True) as client, _cancel_on_interruption(client, under_way):
        for run in _await_runs(client, [*under_way]):
            index, shard = under_way.pop(run.id)
            yield index, gather_rows(client, run, shard, job)


@contextmanager
def _cancel_on_interruption(client: SyncPrefectClient, under_way: Iterable[UUID]) -> Iterator[None]:
    """Cancel the flow runs that are still under way if the block is interrupted."""
    try:
        yield
    except BaseException:
        for run in under_way:
            client.set_flow_run_state(run, Cancelling())
        raise


def _create_runs(shards: Iterable[Shard], job: Job) -> Iterator[tuple[Shard, FlowRun]]:
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


def _await_runs(client: SyncPrefectClient, ids: list[UUID]) -> Iterator[FlowRun]:
    while ids:
        some = FlowRunFilter(id=FlowRunFilterId(any_=ids[:100]))
        ended = [run for run in client.read_flow_runs(flow_run_filter=some) if run.state and run.state.is_final()]
        yield from ended
        ended_ids = {run.id for run in ended}
        ids = [each for each in ids if each not in ended_ids]
        if not ended:
            ids = ids[100:] + ids[:100]
            sleep(_POLL_SECONDS)


def gather_rows(client: SyncPrefectClient, run: FlowRun, shard: Shard, job: Job) -> list[ManifestRow]:
    """The rows of a shard whose flow run has ended: from the sidecars, and for failed pairs from the run's artifact.

    A run that died leaves no artifact; the results that it finished before have their sidecars.
    """
    outcomes = _read_outcomes(client, run)
    output = open_storage(job.output)
    ended = f"its worker's run {run.name!r} ended as {run.state_name}"

    def row(pair: PairSpec) -> ManifestRow:
        if pair.pair in outcomes:
            return _read_row(output, pair, job, *outcomes[pair.pair])
        found = _read_row(output, pair, job, Status.COMPLETED, None)
        return found if found.run_id == job.run_id and found.status != Status.FAILED else failed_row(pair, job, ended)

    with ThreadPoolExecutor(_READERS) as pool:  # each waits for its storage most of the time
        return list(pool.map(row, shard.pairs))


def _read_outcomes(client: SyncPrefectClient, run: FlowRun) -> dict[str, tuple[str, str | None]]:
    """Status and error of each pair, from the artifact of the shard's run; empty if the run died before it wrote it."""
    tables = client.read_artifacts(
        artifact_filter=ArtifactFilter(
            flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]), key=ArtifactFilterKey(any_=[ROWS])
        )
    )
    return {row["pair"]: (row["status"], row["error"]) for table in tables for row in json.loads(str(table.data))}


def _read_row(output: Storage, pair: PairSpec, job: Job, status: str, error: str | None) -> ManifestRow:
    row = failed_row(pair, job, error or "")
    if status == Status.FAILED:
        return row
    try:
        sidecar = Sidecar.from_json(output.read(pair.sidecar_key))
    except NightbrushError as damaged:
        return replace(row, error=f"sidecar {pair.sidecar_key!r} cannot be used: {damaged}; run the batch again")
    return skipped_row(sidecar, row) if status == Status.SKIPPED else sidecar.row
