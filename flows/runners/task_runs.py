"""Shards to task runs: as many under way as keep the devices at work, their rows as they come."""

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
from flows.runners.absolute_paths import work_from_anywhere
from nst_engine.errors import ConfigError
from tasks.interruption import interruption
from tasks.making.stylize_pair import failed_row
from tasks.planning.job import Job
from tasks.planning.shards import Shard
from tasks.records.row import ManifestRow
from tasks.stylize import stylize

Rows: TypeAlias = Generator[tuple[int, list[ManifestRow]], None, None]
"""The rows of shards, each with the shard's index, in the order in which they end."""

Crew: TypeAlias = Callable[[Job], AbstractContextManager[tuple[TaskRunner[Any], Callable[[], int]]]]
"""What works on shards, and how many it can have under way."""

AROUND = 2
"""Shards under way besides one on each device: one being read, one being written."""

_MOST_THREADS = 64


@contextmanager
def _threads(job: Job) -> Iterator[tuple[TaskRunner[Any], Callable[[], int]]]:
    """Threads of this process."""
    runner: TaskRunner[Any]
    with ThreadPoolTaskRunner(max_workers=_MOST_THREADS) as runner:
        yield runner, lambda: _most_threads(job)


@contextmanager
def _ray(_job: Job) -> Iterator[tuple[TaskRunner[Any], Callable[[], int]]]:
    """Processes of the Ray cluster at RAY_ADDRESS, or of one that ends with the batch: a GPU or a whole node for each.

    Raises:
        ConfigError: Ray is not installed, or there is no server to which its processes could report.
    """
    if get_current_settings().api.url is None:
        raise ConfigError("runner='ray' needs a Prefect server; set PREFECT_API_URL, or leave out --no-history")
    try:
        from prefect_ray.context import remote_options
        from prefect_ray.task_runners import RayTaskRunner
    except ImportError as error:
        raise ConfigError("runner='ray' needs Ray; run: pip install 'nightbrush[ray]'") from error
    with RayTaskRunner() as runner:
        slots, share = _shares()
        with remote_options(max_calls=0, **share):  # without max_calls Ray ends a process after each GPU task
            yield runner, lambda: slots + AROUND


def by_task_runs(crew: Crew, shards: Iterable[Shard], job: Job) -> Rows:
    """Have a crew work on shards, a task run for each. When the flow is interrupted, so are the pairs under way."""
    ended: SimpleQueue[tuple[int, Shard, PrefectFuture[list[ManifestRow]]]] = SimpleQueue()
    waiting, under_way = enumerate(shards), 0

    def begin(runner: TaskRunner[Any], index: int, shard: Shard) -> None:
        future = runner.submit(stylize, {"shard": shard, "job": job})
        future.add_done_callback(lambda it: ended.put((index, shard, it)))

    with crew(job) as (runner, most), _interrupting():
        while True:
            for index, shard in islice(waiting, max(0, most() - under_way)):
                begin(runner, index, shard)
                under_way += 1
            if not under_way:
                return
            index, shard, future = ended.get()
            under_way -= 1
            yield index, _rows(shard, job, future)
            _forget_results()


@contextmanager
def _interrupting() -> Iterator[None]:
    """Pass an interruption on to the pairs under way, which the crew's end waits for.

    It lasts until the next batch: whoever is interrupted twice no longer waits, and what is under way is still to end.
    """
    interruption.clear()
    try:
        yield
    except BaseException:
        interruption.set()
        raise


def _forget_results() -> None:
    """Have Prefect forget which task run made which row: it keeps objects for each, and draws edges that are none."""
    context = FlowRunContext.get()
    if context is not None:
        context.run_results.clear()


def _rows(shard: Shard, job: Job, future: PrefectFuture[list[ManifestRow]]) -> list[ManifestRow]:
    future.wait()  # it makes a state of what became of a process that was killed
    outcome: Any = future.result(raise_on_failure=False)
    if isinstance(outcome, list):
        return outcome
    reason = " ".join(f"{type(outcome).__name__}: {outcome}".split())
    return [failed_row(pair, job, reason) for pair in shard.pairs]


def _most_threads(job: Job) -> int:
    """How many keep the devices at work."""
    return min(_MOST_THREADS, len(_devices(job)) + AROUND)


def _devices(job: Job) -> tuple[str, ...]:
    """The devices to work on; one until TensorFlow is loaded, which it is once a pair needs it."""
    return nst_engine.working_devices(job.device) if "nst_engine.hardware.devices" in sys.modules else ("CPU:0",)


def _shares() -> tuple[int, dict[str, int]]:
    """How many shards a Ray cluster can work on at once, and what of it each takes."""
    import ray

    gpus = int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]  # it is Ray's
    if gpus:
        return gpus, {"num_gpus": 1}
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]  # likewise
    return len(nodes), {"num_cpus": min(filter(None, nodes))}


def in_threads(shards: Iterable[Shard], job: Job) -> Rows:
    """Have threads of this process work on shards, a task run for each."""
    return by_task_runs(_threads, shards, job)


def on_ray(shards: Iterable[Shard], job: Job) -> Rows:
    """Have the processes of a Ray cluster work on shards, a task run for each."""
    return by_task_runs(_ray, *work_from_anywhere(shards, job))
