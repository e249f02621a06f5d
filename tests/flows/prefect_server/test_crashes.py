"""The lines about runs that crash for a reason that only the server knows."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.states import Crashed

from flows.prefect_server.crashes import report_crashes

PATIENCE_SECONDS = 60
LOST = "No sign of life\nfor two minutes."


@flow
def batch() -> None:
    """Is never run."""


@pytest.fixture(scope="module")
def deployment(client: SyncPrefectClient) -> UUID:
    return client.create_deployment(flow_id=client.create_flow(batch), name="crashing")


def crash(client: SyncPrefectClient, deployment: UUID, message: str | None = LOST) -> str:
    """Mark a new run of the deployment as crashed, as an automation does; returns the start of the line to expect."""
    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, Crashed(message=message))
    return f"nightbrush: the run {run.name!r} crashed: "


def lines_during(deployment: UUID, happens: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines printed while something happens, and half a second longer."""

    async def block() -> None:
        async with report_crashes(deployment, pause=0.05):
            await asyncio.to_thread(happens)
            await asyncio.sleep(0.5)

    asyncio.run(block())
    return capsys.readouterr().err.splitlines()


def test_a_run_that_another_marks_as_crashed_is_printed_once_with_its_reason(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    printed = lines_during(deployment, lambda: lines.extend(crash(client, deployment) for _ in range(2)), capsys)
    assert sorted(printed) == sorted(line + "No sign of life for two minutes." for line in lines)


def test_the_log_of_the_run_has_the_reason_too(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    runs: list[UUID] = []

    def happens() -> None:
        runs.append(client.create_flow_run_from_deployment(deployment).id)
        client.set_flow_run_state(runs[0], Crashed(message=LOST))

    assert len(lines_during(deployment, happens, capsys)) == 1
    logged = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=runs)))
    assert [(line.message, line.level) for line in logged] == [
        ("the run crashed: No sign of life for two minutes.", logging.ERROR)
    ]


def test_a_crash_without_a_reason_is_printed_too(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    printed = lines_during(deployment, lambda: lines.append(crash(client, deployment, message=None)), capsys)
    assert printed == [lines[0] + "its state has no message"]


def test_what_crashed_before_is_not_printed(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    crash(client, deployment)
    assert lines_during(deployment, lambda: None, capsys) == []


def test_what_has_crashed_since_the_last_look_is_printed_at_the_end(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    async def block() -> str:
        async with report_crashes(deployment, pause=PATIENCE_SECONDS):
            await asyncio.sleep(1)
            return crash(client, deployment)

    assert capsys.readouterr().err == ""
    assert asyncio.run(block()) + "No sign of life for two minutes.\n" == capsys.readouterr().err


def test_a_server_that_is_away_for_a_while_is_asked_again(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, away = PrefectClient.read_flow_runs, iter([True, True])

    async def sometimes(asked: PrefectClient, **given: Any) -> Any:
        if next(away, False):
            raise httpx.ConnectError("away")
        return await ask(asked, **given)

    monkeypatch.setattr(PrefectClient, "read_flow_runs", sometimes)
    assert len(lines_during(deployment, lambda: crash(client, deployment), capsys)) == 1
