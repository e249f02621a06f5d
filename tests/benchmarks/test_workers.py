"""What a second worker is worth where pictures wait for their storage: `make bench`."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from prefect.settings import get_current_settings
from prefect.testing.utilities import prefect_test_harness

from flows.batch import stylize_batch
from tasks.storage import open_storage
from tests.flows.workers import workers
from tests.tasks.storage.buckets import moto_server, new_bucket, s3_at
from tests.tasks.storage.faults import Fault, proxy_to
from tests.tasks.studio import CONFIG, paint

pytestmark = pytest.mark.benchmark

CONTENTS, DELAY_SECONDS, LEAST_GAIN = 80, 0.5, 1.8


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """A bucket with contents and a style, whose server takes its time for each request."""
    with moto_server() as server, proxy_to(server) as slow, s3_at(slow.url, tmp_path):
        name = new_bucket()
        for number in range(CONTENTS):
            data = paint(tmp_path / "content.png", number, 40, 40).read_bytes()
            open_storage(f"s3://{name}").write(f"contents/{number:03}.png", data)
        open_storage(f"s3://{name}").write("styles/wave.png", data)
        slow.choice = lambda _method, _path: Fault(delay=DELAY_SECONDS)
        yield name


def seconds(bucket: str, count: int, api: str) -> float:
    """What a batch in two shards takes with so many workers."""
    places = {side: f"s3://{bucket}/{folder}" for side, folder in (("content", "contents"), ("style", "styles"))}
    with workers(count, api):
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


def test_two_workers_are_nearly_twice_as_fast_as_one(bucket: str) -> None:
    with prefect_test_harness(server_startup_timeout=120):
        api = str(get_current_settings().api.url)
        one, two = (seconds(bucket, count, api) for count in (1, 2))
    print(f"\n{CONTENTS} pairs: one worker {one:.0f} s, two workers {two:.0f} s, gain {one / two:.2f}")  # noqa: T201  # a benchmark's result
    assert one / two >= LEAST_GAIN
