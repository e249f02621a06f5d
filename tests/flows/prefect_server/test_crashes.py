"""What is said of runs that crash, where nobody but the server knows why."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.states import Crashed

from flows.prefect_server.crashes import crashes_told

PATIENCE_SECONDS = 60
LOST = "No sign of life\nfor two minutes."


@flow
def batch() -> None:
    """Is never run."""


@pytest.fixture(scope="module")
def deployment(client: SyncPrefectClient) -> UUID:
    return client.create_deployment(flow_id=client.create_flow(batch), name="crashing")


def crash(client: SyncPrefectClient, deployment: UUID, message: str | None = LOST) -> str:
    """Mark a new run of the deployment as crashed, as an automation does; returns what is to be said of it."""
    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, Crashed(message=message))
    return f"nightbrush: the run {run.name!r} crashed: "


def said(deployment: UUID, happens: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is said while something happens, and looked at until it is said, or a few times if it never is."""

    async def block() -> None:
        async with crashes_told(deployment, pause=0.05):
            await asyncio.to_thread(happens)
            await asyncio.sleep(0.5)

    asyncio.run(block())
    return capsys.readouterr().err.splitlines()


def test_a_run_that_another_marks_as_crashed_is_told_once_with_its_reason(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    told = said(deployment, lambda: lines.extend(crash(client, deployment) for _ in range(2)), capsys)
    assert sorted(told) == sorted(line + "No sign of life for two minutes." for line in lines)


def test_a_crash_without_a_reason_is_told_all_the_same(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    told = said(deployment, lambda: lines.append(crash(client, deployment, message=None)), capsys)
    assert told == [lines[0] + "its state has no message"]


def test_what_crashed_before_is_not_told(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    crash(client, deployment)
    assert said(deployment, lambda: None, capsys) == []


def test_what_has_crashed_since_the_last_look_is_told_at_the_end(
    client: SyncPrefectClient, deployment: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    async def block() -> str:
        async with crashes_told(deployment, pause=PATIENCE_SECONDS):
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
    assert len(said(deployment, lambda: crash(client, deployment), capsys)) == 1
