"""Whole batches in a bucket, killed, failed by the server, long, and two at a time: `make bench`.

They go against a server on loopback, or against the one that `NIGHTBRUSH_TEST_S3=http://host:port` names, with the
credentials in the AWS_ variables: each makes a bucket there, and removes it.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter, sleep

import pytest

from nst_engine import Status
from tests.benchmarks.endurance import Place, Stamps, a_place, s3_server
from tests.tasks.storage.faults import BROKEN_SERVER, CUT, LOST, SLOW_DOWN, Fault, proxy_to

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

KILLS, FAULTS = 30, 500
SMALL = ("side=64", "iterations=4")
LONGER = ("side=96", "iterations=20")
"""It takes much longer to make such a picture than to skip it: two runs over one output meet again and again."""
MOST_GROWTH = 1.1
FAULTS_PER_REQUEST = 0.25


@pytest.fixture
def chance() -> Random:
    return Random(0)  # noqa: S311 - chance, not secrecy


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def place(server: str, tmp_path: Path) -> Iterator[Place]:  # noqa: ARG001 - the server runs
    with a_place(tmp_path, contents=50, styles=4) as place:
        yield place


def test_thirty_kills_cost_no_picture_and_have_none_made_twice(place: Place, chance: Random) -> None:
    pairs = place.contents * place.styles
    moments = sorted(chance.choices(range(1, pairs + 1), k=KILLS))
    hits, before, startup = Counter[str](), Stamps(), 0.0
    while moments:
        missing = moments[0] - len(finished(before))
        started = perf_counter()
        with place.run(*SMALL) as run:
            if missing > 0:
                run.wait_for(1)
                startup = startup or perf_counter() - started
                run.wait_for(missing)
            else:
                run.wait_for(1, patience=chance.uniform(0, startup))
            sleep(chance.uniform(0, 0.2))
            if run.kill():
                moments.pop(0)
                hits["while pictures are made" if run.made() else "before the first picture"] += 1
            else:
                assert run.process.returncode == 0, run.said()
        before = unchanged(before, place.stamps())
    made = len(finished(before))
    with place.run(*SMALL) as run:
        assert run.process.wait() == 0, run.said()
    unchanged(before, place.stamps())
    assert sum(row.status == Status.SKIPPED for row in place.rows()) == made
    print(f"\n{pairs} pairs, kills {dict(hits)}, first picture after {startup:.1f} s, {made} made before the last run")  # noqa: T201  # a benchmark's result


def finished(stamps: Stamps) -> set[str]:
    """The pairs whose sidecars are there."""
    return {key.removesuffix(".json") for key in stamps if key.endswith(".json")}


def unchanged(before: Stamps, now: Stamps) -> Stamps:
    """What is there now, nothing of which was written again though its sidecar was there before."""
    for name in finished(before):
        for key in (f"{name}.png", f"{name}.json"):
            assert now[key] == before[key]
    return now


def test_five_hundred_faults_of_the_server_lose_no_pair(place: Place, server: str, chance: Random) -> None:
    faults, outputs, started = Counter[str](), 0, perf_counter()
    with proxy_to(server) as proxy:
        proxy.choice = partial(some, chance, faults)
        while faults.total() < FAULTS:
            outputs += 1
            with place.run(*SMALL, output=f"out-{outputs}", AWS_ENDPOINT_URL_S3=proxy.url) as run:
                assert run.process.wait() == 0, run.said()
            assert {row.status for row in place.rows(f"out-{outputs}")} <= {Status.COMPLETED, Status.CONVERGED}
        requests, took = len(proxy.requests), perf_counter() - started
    print(f"\n{outputs} batches, {requests} requests, {took:.0f} s, faults {dict(faults)}")  # noqa: T201  # a benchmark's result


def some(chance: Random, faults: Counter[str], method: str, path: str) -> Fault | None:  # noqa: ARG001 - nowhere is safe
    """A fault for so many of the requests, counted by its kind; only what is read has a body to be cut."""
    if chance.random() >= FAULTS_PER_REQUEST:
        return None
    fault = chance.choice([BROKEN_SERVER, SLOW_DOWN, LOST, *[CUT] * (method == "GET")])
    faults[str(fault)] += 1
    return fault


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_memory_at_the_thousandth_pair_is_within_a_tenth_of_that_at_the_hundredth(server: str, tmp_path: Path) -> None:  # noqa: ARG001 - the server runs
    with a_place(tmp_path, contents=102, styles=10) as place, place.run("side=32", "iterations=1") as run:
        memory = {}
        for pairs in (100, 1000):
            assert run.wait_for(pairs), run.said()
            memory[pairs] = run.memory()
        assert run.process.wait() == 0, run.said()
        place.rows()
    ratio = memory[1000] / memory[100]
    print(f"\nKiB in memory by pairs: {memory}, ratio {ratio:.3f}")  # noqa: T201  # a benchmark's result
    assert ratio <= MOST_GROWTH


def test_two_runs_on_one_output_make_each_picture_once(place: Place) -> None:
    with place.run(*LONGER) as one, place.run(*LONGER) as other:
        assert one.process.wait() == 0, one.said()
        assert other.process.wait() == 0, other.said()
    assert one.made() + other.made() == len(place.rows())
    before = place.stamps()
    with place.run(*LONGER) as third:
        assert third.process.wait() == 0, third.said()
    unchanged(before, place.stamps())
    assert {row.status for row in place.rows()} == {Status.SKIPPED}
    print(f"\nmade by the one {one.made()}, by the other {other.made()}")  # noqa: T201  # a benchmark's result
