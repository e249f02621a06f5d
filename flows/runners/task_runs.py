"""Run shards as Prefect task runs, enough of them at once to keep the devices busy, and yield their rows."""

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeAlias

from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.settings import get_current_settings
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

import nst_engine
from flows.runners.absolute_paths import make_shards_absolute
from nst_engine.errors import ConfigError
from tasks.interruption import interruption
from tasks.making.stylize_pair import failed_row
from tasks.planning.job import Job
from tasks.planning.shards import Shard
from tasks.records.row import ManifestRow
from tasks.stylize import stylize

Rows: TypeAlias = Generator[tuple[int, list[ManifestRow]], None, None]
"""The rows of shards, each with the shard's index, in the order in which they end."""

OpenRunner: TypeAlias = Callable[[Job], AbstractContextManager[tuple[TaskRunner[Any], Callable[[], int]]]]
"""Opens a task runner for a job; yields it with a function that returns how many shards it can run at once."""

EXTRA_SHARDS = 2
"""Shards under way beyond one for each device: one is being read, one is being written."""

_MAX_THREADS = 64


@contextmanager
def _open_threads(job: Job) -> Iterator[tuple[TaskRunner[Any], Callable[[], int]]]:
    """Open threads of this process."""
    runner: TaskRunner[Any]
    with ThreadPoolTaskRunner(max_workers=_MAX_THREADS) as runner:
        yield runner, lambda: _thread_count(job)


@contextmanager
def _open_ray(_job: Job) -> Iterator[tuple[TaskRunner[Any], Callable[[], int]]]:
    """Open the Ray cluster at RAY_ADDRESS, or one for this batch alone; each process has a GPU or a whole node.

    Raises:
        ConfigError: Ray is not installed, or no Prefect server is set that its processes could report to.
    """
    if get_current_settings().api.url is None:
        raise ConfigError("runner='ray' needs a Prefect server; set PREFECT_API_URL, or leave out --no-history")
    try:
        from prefect_ray.context import remote_options
        from prefect_ray.task_runners import RayTaskRunner
    except ImportError as error:
        raise ConfigError("runner='ray' needs Ray; run: pip install 'nightbrush[ray]'") from error
    with RayTaskRunner() as runner:
        slots, share = _ray_slots()
        with remote_options(max_calls=0, **share):  # without max_calls Ray ends a process after each GPU task
            yield runner, lambda: slots + EXTRA_SHARDS


def run_as_task_runs(open_runner: OpenRunner, shards: Iterable[Shard], job: Job) -> Rows:
    """Run each shard as a task run. When the flow is interrupted, the pairs under way are interrupted too."""
    ended: SimpleQueue[tuple[int, Shard, PrefectFuture[list[ManifestRow]]]] = SimpleQueue()
    waiting, under_way = enumerate(shards), 0

    def begin(runner: TaskRunner[Any], index: int, shard: Shard) -> None:
        future = runner.submit(stylize, {"shard": shard, "job": job})
        future.add_done_callback(lambda it: ended.put((index, shard, it)))

    with open_runner(job) as (runner, capacity), _pass_on_interruption():
        while True:
            for index, shard in islice(waiting, max(0, capacity() - under_way)):
                begin(runner, index, shard)
                under_way += 1
            if not under_way:
                return
            index, shard, future = ended.get()
            under_way -= 1
            yield index, _await_rows(shard, job, future)
            _forget_results()


@contextmanager
def _pass_on_interruption() -> Iterator[None]:
    """Interrupt the pairs under way when the block is interrupted; the task runner waits for them as it closes.

    The flag stays set until the next batch: after a second interruption nobody waits, but pairs may still be ending.
    """
    interruption.clear()
    try:
        yield
    except BaseException:
        interruption.set()
        raise


def _forget_results() -> None:
    """Have Prefect forget which task run made which row: it keeps objects for each, and draws needless edges."""
    context = FlowRunContext.get()
    if context is not None:
        context.run_results.clear()


def _await_rows(shard: Shard, job: Job, future: PrefectFuture[list[ManifestRow]]) -> list[ManifestRow]:
    future.wait()  # for a process that was killed, this sets a state that says so
    outcome: Any = future.result(raise_on_failure=False)
    if isinstance(outcome, list):
        return outcome
    reason = " ".join(f"{type(outcome).__name__}: {outcome}".split())
    return [failed_row(pair, job, reason) for pair in shard.pairs]


def _thread_count(job: Job) -> int:
    """How many threads keep the devices busy."""
    return min(_MAX_THREADS, len(_devices(job)) + EXTRA_SHARDS)


def _devices(job: Job) -> tuple[str, ...]:
    """The devices to work on; a single one until a pair has loaded TensorFlow."""
    return nst_engine.working_devices(job.device) if "nst_engine.hardware.devices" in sys.modules else ("CPU:0",)


def _ray_slots() -> tuple[int, dict[str, int]]:
    """How many shards a Ray cluster can work on at once, and the resources that each takes."""
    import ray

    gpus = int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]  # Ray has no types
    if gpus:
        return gpus, {"num_gpus": 1}
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]  # same
    return len(nodes), {"num_cpus": min(filter(None, nodes))}


def run_in_threads(shards: Iterable[Shard], job: Job) -> Rows:
    """Run shards in threads of this process, a task run for each."""
    return run_as_task_runs(_open_threads, shards, job)


def run_on_ray(shards: Iterable[Shard], job: Job) -> Rows:
    """Run shards in the processes of a Ray cluster, a task run for each."""
    return run_as_task_runs(_open_ray, *make_shards_absolute(shards, job))
