"""What a second worker is worth where pictures wait for their storage: `make bench`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, sleep

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.batch import stylize_batch
from flows.prefect_server import local_server
from tasks.storage import open_storage
from tests.flows.workers import POOL, workers
from tests.tasks.storage.buckets import moto_server, new_bucket, s3_at
from tests.tasks.storage.faults import Fault, proxy_to
from tests.tasks.studio import CONFIG, paint

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

CONTENTS, DELAY_SECONDS, LEAST_GAIN = 1000, 0.3, 1.8


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """A bucket with contents and a style, whose server takes its time for each request."""
    with moto_server() as storage, proxy_to(storage) as slow, s3_at(slow.url, tmp_path):
        name = new_bucket()
        for number in range(CONTENTS):
            data = paint(tmp_path / "content.png", number, 40, 40).read_bytes()
            open_storage(f"s3://{name}").write(f"contents/{number:03}.png", data)
        open_storage(f"s3://{name}").write("styles/wave.png", data)
        slow.choice = lambda _method, _path: Fault(delay=DELAY_SECONDS)
        yield name


@pytest.fixture
def api() -> Iterator[str]:
    """The address of a server of our own, which this process reports to."""
    with local_server.keep_running():
        url = local_server.await_address()
        with temporary_settings({PREFECT_API_URL: url}):
            yield url
    local_server.stop()


@contextmanager
def workers_that_wait(count: int, api: str) -> Iterator[None]:
    """So many workers, each of which has reported to the server."""
    since = datetime.now(UTC)
    with workers(count, api), get_client(sync_client=True) as client:

        def known() -> int:
            pool = {"work_pool_name": POOL}
            found = client.request(
                "POST", "/work_pools/{work_pool_name}/workers/filter", path_params=pool, json={}
            ).json()
            return sum(datetime.fromisoformat(worker["last_heartbeat_time"]) > since for worker in found)

        while known() < count:
            sleep(0.5)
        yield


def seconds(bucket: str, count: int, api: str) -> float:
    """What a batch in two shards takes with so many workers."""
    places = {side: f"s3://{bucket}/{folder}" for side, folder in (("content", "contents"), ("style", "styles"))}
    with workers_that_wait(count, api):
        started = perf_counter()
        state = stylize_batch(
            **places,
            output=f"s3://{bucket}/out-{count}",
            config=CONFIG,
            runner="workers",
            pairs_per_task=CONTENTS // 2,
            return_state=True,
        )
        taken = perf_counter() - started
    assert state.message == f"{CONTENTS} of {CONTENTS} pairs have their picture, 0 failed"
    return taken


def test_two_workers_are_nearly_twice_as_fast_as_one(bucket: str, api: str) -> None:
    one, two = (seconds(bucket, count, api) for count in (1, 2))
    print(f"\n{CONTENTS} pairs: one worker {one:.0f} s, two workers {two:.0f} s, gain {one / two:.2f}")  # noqa: T201  # a benchmark's result
    assert one / two >= LEAST_GAIN
