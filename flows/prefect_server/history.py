"""Choose the server that keeps the history of a run, and wait until the history is there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from flows.prefect_server import local_server
from flows.prefect_server.api import api_address, require_embedded, variables_for
from flows.prefect_server.settings import set_environment

if TYPE_CHECKING:
    from prefect import Flow, State
    from prefect.client.orchestration import SyncPrefectClient

R = TypeVar("R")
"""The data of a flow's final state."""

_ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
_PAUSE_SECONDS = 0.2

_SETTLED_SECONDS = 3
"""Without a new task run for this long, no more will come: our server records them every second."""

_PATIENCE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class History:
    """Where the history of a run goes.

    Attributes:
        announcement: a line that says where.
        is_ours: True if it goes to our own server.
    """

    announcement: str
    is_ours: bool = False

    def run(self, flow: "Flow[..., State[R]]", last: str, parameters: Mapping[str, Any]) -> "State[R]":
        """Run a flow, and print the address of its complete history; returns the flow's state.

        Args:
            flow: a flow that returns its final state.
            last: name of its last task run.
            parameters: of the flow, by name.

        Raises:
            ServerError: our server does not answer.
        """
        if not self.is_ours:
            return flow(**parameters, return_state=True)
        with _use_api(local_server.await_address()):
            state = flow(**parameters, return_state=True)
            flow_run = state.state_details.flow_run_id
            if flow_run is not None:  # a state's type allows None
                _await_task_runs(flow_run, last)
        return state


@dataclass(frozen=True, kw_only=True)
class _TaskRunCounts:
    """How many task runs of a flow run the server has recorded: all, those ended, and those ended of the last task."""

    all: int
    ended: int
    last: int


@contextmanager
def open_history(embedded: bool) -> Iterator[History]:
    """Yield where the history of a run goes; our own server, if it is needed, runs until the block ends.

    Args:
        embedded: True to run Prefect inside this process if no API is set.

    Raises:
        ApiError: the API that is set cannot be used.
        ServerError: a server cannot be started.
    """
    api = api_address()
    with set_environment(variables_for(api)):
        if api:
            yield History(announcement=f"Prefect reports to {api}")
        elif embedded:
            require_embedded()
            yield History(announcement="Prefect runs embedded: this run's history is not kept")
        else:
            with local_server.keep_running():
                yield History(announcement="Prefect reports to Nightbrush's own server: nightbrush ui", is_ours=True)


def ui_address() -> str:
    """The address of Prefect's pages: of the API that is set, or of our own server, which is started if necessary.

    Raises:
        ApiError: the API that is set cannot be used.
        ServerError: the server does not start.
    """
    if api_address():
        from prefect.settings import PREFECT_UI_URL

        return str(PREFECT_UI_URL.value())
    with local_server.keep_running():
        if local_server.address() is None:
            click.echo("nightbrush: the server starts, which takes some seconds", err=True)
        return local_server.await_address().removesuffix("/api")


@contextmanager
def _use_api(url: str) -> Iterator[None]:
    """Have this process and its children report to an API."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with set_environment({"PREFECT_API_URL": url}), temporary_settings({PREFECT_API_URL: url}):
        yield


def _await_task_runs(flow_run: UUID, last: str) -> None:
    """Wait until the server has recorded the end of every task run of a flow run, and print the address of its history.

    The server records task runs in their order, with a delay. So the history is complete once the last one is recorded,
    or, if the flow broke off before its last task, once no new one has come for some time.
    """
    from prefect.client.orchestration import get_client
    from prefect.utilities.urls import url_for

    with get_client(sync_client=True) as client:
        seen = _count_task_runs(client, flow_run, last)
        since = monotonic()
        while (unchanged := monotonic() - since) < _PATIENCE_SECONDS:
            if seen.ended == seen.all and (seen.last or unchanged > _SETTLED_SECONDS):
                break
            sleep(_PAUSE_SECONDS)
            before, seen = seen, _count_task_runs(client, flow_run, last)
            since = since if seen == before else monotonic()
    if seen.ended < seen.all or not seen.last:
        text = f"nightbrush: the history may not be whole: {seen.all} task runs, {seen.ended} of them with their end"
        click.echo(text, err=True)
    click.echo(f"History: {url_for('flow-run', flow_run)}", err=True)


def _count_task_runs(client: "SyncPrefectClient", flow_run: UUID, last: str) -> _TaskRunCounts:
    def count(**chosen: Any) -> int:
        body = {"flow_runs": {"id": {"any_": [str(flow_run)]}}, "task_runs": chosen}
        return int(client.request("POST", "/task_runs/count", json=body).json())

    ended = {"type": {"any_": _ENDS}}
    return _TaskRunCounts(last=count(name={"any_": [last]}, state=ended), ended=count(state=ended), all=count())
