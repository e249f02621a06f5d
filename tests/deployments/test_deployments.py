"""Every name and value of `prefect.yaml` is one that Prefect and the flows know."""

import asyncio
from inspect import signature
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import ConcurrencyLimitStrategy
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.server.schemas.schedules import CronSchedule
from prefect.server.services.scheduler import schedule_deployments
from prefect.settings import Settings

from flows import nightly as serve
from flows.prefect_server.settings import DEFAULTS
from flows.runners.workers import DEPLOYMENT
from tests.deployments.manifests import read_yaml

FILE = read_yaml("prefect.yaml")
ENTRIES = {entry["name"]: entry for entry in FILE["deployments"]}
HEARTBEAT = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"


def flow_of(entry: dict[str, Any]) -> Flow[..., Any]:
    return load_flow_from_entrypoint(entry["entrypoint"], use_placeholder_flow=False)


def environment_of(entry: dict[str, Any]) -> dict[str, str]:
    variables: dict[str, str] = entry["work_pool"]["job_variables"]["env"]
    return variables


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = ENTRIES[request.param]
    return found


def test_prefect_reads_every_key(entry: dict[str, Any]) -> None:
    model = PrefectYamlModel.model_validate(FILE)
    known = type(model.deployments[0]).model_fields
    assert set(entry) <= set(known)
    assert set(FILE) - {"definitions"} <= set(type(model).model_fields)


def test_the_entrypoint_is_a_flow_with_these_parameters(entry: dict[str, Any]) -> None:
    flow = flow_of(entry)
    assert set(entry.get("parameters", {})) <= set(signature(flow.fn).parameters)


def test_the_nights_parameters_are_allowed() -> None:
    nightly = ENTRIES["nightly"]
    parameters = flow_of(nightly).validate_parameters(nightly["parameters"])
    assert parameters["config"].to_dict().items() >= nightly["parameters"]["config"].items()


def test_flows_come_from_the_installed_package(entry: dict[str, Any]) -> None:
    assert FILE["pull"] == []
    assert "pull" not in entry
    assert ":" not in entry["entrypoint"]


def test_the_schedule_comes_at_its_hour_in_summer_and_winter() -> None:
    (schedule,) = ENTRIES["nightly"]["schedules"]
    dates = asyncio.run(CronSchedule(**schedule).get_dates(366))
    assert {(date.hour, date.minute) for date in dates} == {(22, 0)}
    assert len({date.utcoffset() for date in dates}) == 2
    assert len({date.date() for date in dates}) == 366


def test_one_run_at_a_time_and_the_next_is_cancelled_as_when_served() -> None:
    limit = ENTRIES["nightly"]["concurrency_limit"]
    assert ConcurrencyLimitStrategy(limit["collision_strategy"]) is ConcurrencyLimitStrategy.CANCEL_NEW
    served = serve.build_deployment({}, "0 22 * * *", "UTC")
    assert (served.concurrency_limit, served.concurrency_options.collision_strategy) == (
        limit["limit"],
        limit["collision_strategy"],
    )


def test_a_batch_and_its_shards_wait_for_different_workers() -> None:
    pools = {name: entry["work_pool"]["name"] for name, entry in ENTRIES.items()}
    assert pools == {"nightly": "nightbrush", "shard": "nightbrush-shards"}


def test_the_shards_are_what_a_batch_looks_for() -> None:
    assert f"{flow_of(ENTRIES['shard']).name}/{ENTRIES['shard']['name']}" == DEPLOYMENT


def test_runs_retry_and_show_life_as_when_served(entry: dict[str, Any]) -> None:
    assert environment_of(entry).items() >= serve.RETRIES.items()
    assert environment_of(entry)[HEARTBEAT] == DEFAULTS[HEARTBEAT]


def test_prefect_reads_the_variables(entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(entry).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.tasks.default_retries, settings.tasks.default_retry_delay_seconds) == (2, [60, 600])
    assert settings.flows.heartbeat_frequency == int(DEFAULTS[HEARTBEAT])


def test_the_server_plans_the_coming_nights(prefect_api: str) -> None:
    assert prefect_api
    deployment = serve.build_deployment({}, "0 22 * * *", "Europe/Berlin").apply()
    planned = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
    try:
        asyncio.run(schedule_deployments())
        with get_client(sync_client=True) as client:
            runs = [run for run in client.read_flow_runs(deployment_filter=planned) if run.auto_scheduled]
        dates = [run.expected_start_time for run in runs]
        assert len(dates) >= 3
        assert {date.astimezone(ZoneInfo("Europe/Berlin")).hour for date in dates if date is not None} == {22}
    finally:
        with get_client(sync_client=True) as client:
            client.request("DELETE", f"/deployments/{deployment}")
