"""The automations against a real server: it posts what has failed, and finds out what was lost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import pytest
import yaml
from prefect import flow
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.events import emit_event
from prefect.events.schemas.automations import AutomationCore
from prefect.states import Completed, Crashed, Failed, Running, State

from flows.batch import stylize_batch
from flows.prefect_server.settings import DEFAULTS
from tests.deployments.manifests import text

PLACEHOLDER = "WEBHOOK_BLOCK"
PATIENCE_SECONDS = 60


@flow(name="stylize-batch")
def batch() -> None:
    """Bears the name that the automations look for."""


@flow(name="something-else")
def other() -> None:
    """Bears another."""


@pytest.fixture(scope="module")
def posts() -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """The address of a receiver on loopback, and what has been posted to it."""
    received: Queue[dict[str, Any]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()


@pytest.fixture(scope="module")
def automated(
    prefect_api: str,
    client: SyncPrefectClient,
    posts: tuple[str, Queue[dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """The automations, created as the README says; a lost machine is found out after ten seconds instead of 120.

    They go with these tests: the server is that of all tests, whose batches show life less often.
    """
    block = Webhook(method="POST", url=posts[0]).save("nightbrush-alert", overwrite=True)
    recipe = text("automations.yaml").replace(PLACEHOLDER, str(block))
    assert "within: 120" in recipe
    file = tmp_path_factory.mktemp("automations") / "automations.yaml"
    file.write_text(recipe.replace("within: 120", "within: 10"), encoding="utf-8")
    command = [sys.executable, "-m", "prefect", "automation", "create", "--from-file", file]
    environment = os.environ | {"PREFECT_API_URL": prefect_api}
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=120)  # noqa: S603 - ourselves
    yield
    for entry in yaml.safe_load(recipe)["automations"]:
        for automation in client.read_automations_by_name(entry["name"]):
            client.delete_automation(automation.id)


def ended(client: SyncPrefectClient, flow: Any, state: State[Any]) -> FlowRun:
    """A run of a flow that has come to a state."""
    run = client.create_flow_run(flow, state=Running())
    client.set_flow_run_state(run.id, state)
    return run


def test_prefect_reads_each_and_there_is_one_place_to_fill_in() -> None:
    recipe = text("automations.yaml")
    assert recipe.count(f"block_document_id: {PLACEHOLDER}\n") == 1
    entries = yaml.safe_load(recipe.replace(f"block_document_id: {PLACEHOLDER}", f"block_document_id: {uuid4()}"))
    for entry in entries["automations"]:
        automation = AutomationCore.model_validate(entry)
        assert automation.enabled
        assert automation.description
        assert automation.trigger.match_related["prefect.resource.name"] == [stylize_batch.name]


@pytest.mark.usefixtures("automated")
@pytest.mark.parametrize(
    "state", [Failed(message="10 of 12 pairs"), Crashed(message='"killed"')], ids=["failed", "crashed"]
)
def test_a_batch_that_ends_badly_is_told_with_its_reason(
    client: SyncPrefectClient, posts: tuple[str, Queue[dict[str, Any]]], state: State[Any]
) -> None:
    ended(client, other, Failed(message="not ours"))
    ended(client, batch, Completed())
    run = ended(client, batch, state)
    told = posts[1].get(timeout=PATIENCE_SECONDS)["text"]
    assert told.startswith(f"Nightbrush: {run.name} {state.name}: {state.message}\n")
    with pytest.raises(Empty):
        posts[1].get_nowait()


@pytest.mark.usefixtures("automated")
def test_a_batch_without_a_sign_of_life_counts_as_crashed_and_is_told(
    client: SyncPrefectClient, posts: tuple[str, Queue[dict[str, Any]]]
) -> None:
    run = client.create_flow_run(batch, state=Running())
    emit_event(
        "prefect.flow-run.heartbeat",
        resource={"prefect.resource.id": f"prefect.flow-run.{run.id}", "prefect.resource.name": run.name},
        related=[
            {
                "prefect.resource.id": f"prefect.flow.{run.flow_id}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": batch.name,
            }
        ],
    )
    end = monotonic() + PATIENCE_SECONDS
    while not (found := client.read_flow_run(run.id).state) or not found.is_crashed():
        assert monotonic() < end
        sleep(0.5)
    assert str(found.message).startswith("No sign of life ")
    assert (
        posts[1].get(timeout=PATIENCE_SECONDS)["text"].startswith(f"Nightbrush: {run.name} Crashed: No sign of life ")
    )


def test_the_signs_of_life_come_often_enough() -> None:
    (within,) = (
        entry["trigger"]["within"]
        for entry in yaml.safe_load(text("automations.yaml"))["automations"]
        if entry["trigger"]["posture"] == "Proactive"
    )
    assert within >= 3 * int(DEFAULTS["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
