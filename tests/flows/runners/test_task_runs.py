"""Shards at work: in threads of the flow's process."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.runners import task_runs
from flows.runners.task_runs import run_as_task_runs, run_in_threads, run_on_ray
from nst_engine import ConfigError
from tasks import interruption
from tasks import stylize as shell
from tasks.making import observer
from tasks.making.stylize_pair import failed_row, stylize_pair
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.planning.shards import Shard
from tasks.records.row import ManifestRow
from tests.tasks.studio import CONFIG, a_job, a_pair, paint

pytestmark = pytest.mark.usefixtures("prefect_api")


def shards(count: int, size: int = 1) -> list[Shard]:
    names = [f"{number}.png" for number in range(count)]
    return [Shard(pairs=tuple(a_pair(name) for name in names[at : at + size])) for at in range(0, count, size)]


def worked(
    work: list[Shard], job: Job, on_rows: Callable[[int], object] = lambda _: None
) -> list[tuple[int, list[ManifestRow]]]:
    """The rows that a flow gets, in the order in which it gets them; `on_rows` gets the index of each shard at once."""
    found: list[tuple[int, list[ManifestRow]]] = []

    @flow
    def gather() -> None:
        for index, rows in run_in_threads(work, job):
            found.append((index, rows))
            on_rows(index)

    gather()
    return found


def replaced(monkeypatch: pytest.MonkeyPatch, made: Callable[[PairSpec, Job], ManifestRow]) -> None:
    """Have pairs made otherwise."""
    monkeypatch.setattr(shell, "stylize_pair", lambda pair, job, _log: made(pair, job))


def test_each_shard_gives_the_rows_of_its_pairs(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    for number in range(3):
        paint(Path(job.content, f"{number}.png"), number)
    rows = dict(worked(shards(4, size=2), job))
    assert [[(row.pair, row.status) for row in rows[index]] for index in (0, 1)] == [
        [("0--wave", "completed"), ("1--wave", "completed")],
        [("2--wave", "completed"), ("3--wave", "failed")],
    ]


def test_a_shard_that_takes_long_keeps_no_other_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = Event()
    handed: list[int] = []

    def made(pair: PairSpec, job: Job) -> ManifestRow:
        if pair.content.key == "0.png":
            assert others.wait(60)
        return failed_row(pair, job, "")

    def note(index: int) -> None:
        handed.append(index)
        if len(handed) == 9:
            others.set()

    replaced(monkeypatch, made)
    worked(shards(10), a_job(tmp_path), note)
    assert handed[-1] == 0
    assert sorted(handed) == list(range(10))


def test_no_more_are_under_way_than_keep_the_devices_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runs, "_devices", lambda _job: ("GPU:0", "GPU:1"))
    begun: list[str] = []
    most: list[int] = []

    def made(pair: PairSpec, job: Job) -> ManifestRow:
        begun.append(pair.name)
        return failed_row(pair, job, "")

    replaced(monkeypatch, made)

    @flow
    def gather() -> None:
        for ended, _ in enumerate(run_in_threads(shards(20), a_job(tmp_path))):
            most.append(len(begun) - ended)

    gather()
    assert max(most) <= 2 + task_runs.EXTRA_SHARDS


def test_a_task_that_breaks_costs_the_rows_of_its_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pair: PairSpec, job: Job) -> ManifestRow:
        if pair.content.key == "1.png":
            raise MemoryError("no room\nfor it")
        return failed_row(pair, job, "as it was")

    replaced(monkeypatch, broken)
    rows = dict(worked(shards(3), a_job(tmp_path)))
    assert [rows[index][0].error for index in range(3)] == ["as it was", "MemoryError: no room for it", "as it was"]
    assert rows[1][0].status == "failed"


class InterruptionError(BaseException):
    """What ends a flow, as a signal does."""


def test_an_interruption_ends_the_pair_on_the_device_with_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CONFIG.replace(iterations=2000, record_every=5)
    job, stopped = a_job(tmp_path, config), []
    kept = observer.TransferObserver.on_checkpoint

    def keep(self: observer.TransferObserver, checkpoint: Any) -> None:
        stopped.append(checkpoint.steps)
        kept(self, checkpoint)

    monkeypatch.setattr(observer.TransferObserver, "on_checkpoint", keep)

    def made(pair: PairSpec, job: Job) -> ManifestRow:
        if pair.content.key == "0.png":
            while not stopped:
                Event().wait(0.01)
            return failed_row(pair, job, "the first one")
        return stylize_pair(pair, job)

    replaced(monkeypatch, made)

    @flow
    def gather() -> None:
        for _ in run_in_threads([*shards(1), Shard(pairs=(a_pair(),))], job):
            raise InterruptionError

    with pytest.raises(InterruptionError):
        gather()
    [*_, last] = stopped
    assert last < 2000
    [(_, [row])] = worked([Shard(pairs=(a_pair(),))], job)
    assert f"resumed after {last} steps" in str(row.stop_reason)


def test_whoever_is_interrupted_twice_does_not_wait_and_what_is_under_way_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, ended = Event(), Event()

    def made(pair: PairSpec, job: Job) -> ManifestRow:
        if pair.content.key == "1.png":
            assert going.wait(60)
            with pytest.raises(interruption.InterruptedPairError):
                interruption.raise_if_interrupted()
            ended.set()
        return failed_row(pair, job, "")

    replaced(monkeypatch, made)

    @contextmanager
    def hasty(_job: Job) -> Iterator[tuple[Any, Callable[[], int]]]:
        try:
            yield runner, lambda: 2
        finally:
            raise InterruptionError("the second")

    @flow
    def gather() -> None:
        with closing(run_as_task_runs(hasty, shards(2), a_job(tmp_path))) as rows:
            next(rows)
            raise InterruptionError("the first")

    with ThreadPoolTaskRunner(max_workers=2) as runner:
        with pytest.raises(InterruptionError, match="the second"):
            gather()
        going.set()
        assert ended.wait(60)


def test_ray_needs_a_server_to_report_to(tmp_path: Path) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ConfigError, match="runner='ray' needs a Prefect server; set PREFECT_API_URL"),
    ):
        next(run_on_ray(shards(1), a_job(tmp_path)))
