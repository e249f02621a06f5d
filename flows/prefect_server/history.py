"""Where the history of a run goes, and that it has come there before the run's process ends."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from flows.prefect_server import local_server
from flows.prefect_server.api import api_address, require_embedded
from flows.prefect_server.settings import environment

if TYPE_CHECKING:
    from prefect import Flow, State
    from prefect.client.orchestration import SyncPrefectClient

R = TypeVar("R")
"""What the state of a flow carries."""

_ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
_PAUSE_SECONDS = 0.2

_SETTLED_SECONDS = 3
"""Our server records task runs each second: for so long there are none only when no more come."""

_PATIENCE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class History:
    """Where the history of a run goes.

    Attributes:
        announcement: a line on that.
        is_ours: whether it goes to the server of our own.
    """

    announcement: str
    is_ours: bool = False

    def run(self, flow: "Flow[..., State[R]]", last: str, parameters: Mapping[str, Any]) -> "State[R]":
        """Run a flow, and say where its history is once it is there; returns the flow's state.

        Args:
            flow: a flow that returns the state in which it ends.
            last: name of the task run with which it ends.
            parameters: the flow's, by name.

        Raises:
            ServerError: our server does not answer.
        """
        if not self.is_ours:
            return flow(**parameters, return_state=True)
        with _api_at(local_server.answering()):
            state = flow(**parameters, return_state=True)
            flow_run = state.state_details.flow_run_id
            if flow_run is not None:  # by their type, states need not be a run's
                _await_records(flow_run, last)
        return state


@dataclass(frozen=True, kw_only=True)
class _Records:
    """How many task runs of a flow run the server has recorded: all, those with their end, and those that are last."""

    all: int
    ended: int
    last: int


@contextmanager
def history(embedded: bool) -> Iterator[History]:
    """Where the history of a run within the block goes; a server of our own is started, and answers after a while.

    Args:
        embedded: whether Prefect is to run inside this process where no API is set.

    Raises:
        ApiError: the API that is set cannot be used.
        ServerError: a server cannot be started.
    """
    api = api_address()
    if api:
        yield History(announcement=f"Prefect reports to {api}")
    elif embedded:
        require_embedded()
        yield History(announcement="Prefect runs embedded: this run's history is not kept")
    else:
        with local_server.used():
            yield History(announcement="Prefect reports to Nightbrush's own server: nightbrush ui", is_ours=True)


def page() -> str:
    """The address of the pages that show the runs: of the API that is set, or of our server, started if need be.

    Raises:
        ApiError: the API that is set cannot be used.
        ServerError: the server does not start.
    """
    if api_address():
        from prefect.settings import PREFECT_UI_URL

        return str(PREFECT_UI_URL.value())
    with local_server.used():
        if local_server.address() is None:
            click.echo("nightbrush: the server starts, which takes some seconds", err=True)
        return local_server.answering().removesuffix("/api")


@contextmanager
def _api_at(url: str) -> Iterator[None]:
    """Have this process, its threads and what it starts report to an API on this machine, past any proxy."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    spared = ",".join(filter(None, (os.environ.get("no_proxy", os.environ.get("NO_PROXY")), local_server.HOST)))
    with (
        environment({"PREFECT_API_URL": url, "NO_PROXY": spared, "no_proxy": spared}),
        temporary_settings({PREFECT_API_URL: url}),
    ):
        yield


def _await_records(flow_run: UUID, last: str) -> None:
    """Wait until a run's task runs are recorded, each with its end, and say where to look.

    The server records them in their order, a while after they were. So none is missing once the last one is there, or,
    for a flow that broke off before it, once no more have come for some time.
    """
    from prefect.client.orchestration import get_client
    from prefect.utilities.urls import url_for

    with get_client(sync_client=True) as client:
        seen = _records(client, flow_run, last)
        since = monotonic()
        while (quiet := monotonic() - since) < _PATIENCE_SECONDS:
            if seen.ended == seen.all and (seen.last or quiet > _SETTLED_SECONDS):
                break
            sleep(_PAUSE_SECONDS)
            before, seen = seen, _records(client, flow_run, last)
            since = since if seen == before else monotonic()
    if seen.ended < seen.all or not seen.last:
        text = f"nightbrush: the history may not be whole: {seen.all} task runs, {seen.ended} of them with their end"
        click.echo(text, err=True)
    click.echo(f"History: {url_for('flow-run', flow_run)}", err=True)


def _records(client: "SyncPrefectClient", flow_run: UUID, last: str) -> _Records:
    def count(**chosen: Any) -> int:
        body = {"flow_runs": {"id": {"any_": [str(flow_run)]}}, "task_runs": chosen}
        return int(client.request("POST", "/task_runs/count", json=body).json())

    ended = {"type": {"any_": _ENDS}}
    return _Records(last=count(name={"any_": [last]}, state=ended), ended=count(state=ended), all=count())
