"""What waits for a device is taken together where it is alike, each pair as if it were alone."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from nst_engine import Checkpoint, Pair, StyleTransfer, TransferConfig, WeightsError
from nst_engine.descent import Descent, Steps
from nst_engine.images import read_photograph
from nst_engine.lane import Lane
from tasks import engines, together, watch
from tasks.manifest import ManifestRow
from tasks.pairs import PairSpec
from tasks.slots import slot
from tasks.together import TOGETHER
from tasks.work import Job, stylize_pair
from tests.nst_engine.exhaustion import run_out
from tests.tasks.studio import BROKEN_JPEG, a_job, a_pair, paint
from tests.tasks.waiting import held_until

NAMES = ("0.png", "1.png", "2.png", "3.png")
OTHER = (("seed", 1),)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """Over four contents of one shape, on a device that takes four together."""
    for number, name in enumerate(NAMES):
        paint(tmp_path / "contents" / name, number)
    monkeypatch.setitem(TOGETHER, "CPU", 4)
    together._desk.cache_clear()
    yield a_job(tmp_path)
    together._desk.cache_clear()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pictures in each call for steps from now on."""
    made: list[int] = []
    run_out(monkeypatch, lambda _calls, pictures: made.append(pictures) is not None)  # which never is
    return made


def at_once(pairs: list[PairSpec], job: Job, waiting: int | None = None) -> list[ManifestRow]:
    """The rows of pairs that all wait when the device becomes free; `waiting` of them, where not all come so far."""
    with held_until(waiting or len(pairs)), ThreadPoolExecutor(len(pairs)) as pool:
        return list(pool.map(lambda pair: stylize_pair(pair, job), pairs))


def test_four_that_wait_are_one_call_where_each_alone_is_one_of_its_own(job: Job, calls: list[int]) -> None:
    rows = at_once([a_pair(name) for name in NAMES], job)
    assert [(row.status, row.iterations, row.error) for row in rows] == [("completed", 4, None)] * 4
    assert calls == [4, 4]


def test_a_picture_is_what_it_is_alone(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = at_once([a_pair(name) for name in NAMES], job)
    monkeypatch.setitem(TOGETHER, "CPU", 1)
    for name, row in zip(NAMES, rows, strict=True):
        alone = stylize_pair(a_pair(name), replace(job, output=str(tmp_path / "elsewhere")))
        assert row.total_loss == pytest.approx(alone.total_loss, rel=1e-3)
        ours, theirs = (read_photograph(it.output).picture for it in (row, alone))
        np.testing.assert_allclose(ours, theirs, atol=0.02)


def test_a_device_takes_no_more_than_it_is_to(job: Job, calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOGETHER, "CPU", 3)
    at_once([a_pair(name) for name in NAMES], job)
    assert sorted(calls) == [1, 1, 3, 3]


def test_each_takes_one_unless_the_table_says_more() -> None:
    assert {together.most_together(device) for device in ("CPU:0", "GPU:0", "GPU:7")} == {1}


@pytest.mark.parametrize("deterministic", [False, True])
def test_what_differs_is_not_mixed(
    job: Job, calls: list[int], monkeypatch: pytest.MonkeyPatch, deterministic: bool
) -> None:
    monkeypatch.setattr("tensorflow.config.experimental.enable_op_determinism", lambda: None)
    paint(Path(job.content, "tall.png"), 9, 36, 48)
    kinds = [a_pair("0.png"), a_pair("1.png"), a_pair("2.png", overrides=OTHER), a_pair("tall.png")]
    rows = at_once(kinds, replace(job, config=job.config.replace(deterministic=deterministic)))
    assert [(row.status, row.error) for row in rows] == [("completed", None)] * 4
    assert sorted(calls) == ([1] * 8 if deterministic else [1] * 4 + [2] * 2)
    assert [(row.width, row.height) for row in rows] == [(32, 24)] * 3 + [(24, 32)]


def test_the_seconds_of_the_device_are_shared(job: Job) -> None:
    started = perf_counter()
    rows = at_once([a_pair(name) for name in NAMES], job)
    wall = perf_counter() - started
    seconds = [(float(row.seconds_prepare or 0), float(row.seconds_optimize or 0)) for row in rows]
    assert min(map(min, seconds)) > 0
    assert sum(map(sum, seconds)) < wall


# ---------------------------------------------------------------- one that fails


def test_a_broken_picture_fails_alone(job: Job, calls: list[int]) -> None:
    Path(job.content, "2.png").write_bytes(BROKEN_JPEG)
    rows = at_once([a_pair(name) for name in NAMES], job, waiting=3)
    assert [row.status for row in rows] == ["completed", "completed", "failed", "completed"]
    assert calls == [3, 3]


def test_a_picture_too_narrow_fails_alone(job: Job, calls: list[int]) -> None:
    paint(Path(job.content, "2.png"), 2, 48, 1)
    rows = at_once([a_pair(name) for name in NAMES], job, waiting=3)
    assert "too narrow" in str(rows[2].error)
    assert calls == [3, 3]


def test_one_that_diverges_fails_alone(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    advance = Descent.advance

    def poisoned(self: Descent, *arguments: Any) -> Steps:
        taken = advance(self, *arguments)
        terms = taken.terms.copy()
        terms[:, 1] = np.nan
        return taken._replace(terms=terms)

    monkeypatch.setattr(Descent, "advance", poisoned)
    rows = at_once([a_pair(name) for name in NAMES], job)
    assert sorted(row.status for row in rows) == ["completed", "completed", "completed", "failed"]
    [error] = [row.error for row in rows if row.error]
    assert error.startswith("the loss is nan after 0 steps")


def test_what_nobody_expected_of_one_costs_the_row_of_that_one(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Lane._read

    def breaking(self: Lane, pair: Pair) -> None:
        read(self, pair)
        if str(self.photograph.origin).count("2.png"):
            raise RuntimeError("no such node")

    monkeypatch.setattr(Lane, "_read", breaking)
    rows = at_once([a_pair(name) for name in NAMES], job)
    assert [row.error for row in rows] == [None, None, "RuntimeError: no such node", None]


def test_without_an_engine_all_fail(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise WeightsError("no weights")

    with monkeypatch.context() as patch:
        patch.setattr(together, "engine", fail)
        rows = at_once([a_pair(name) for name in NAMES], job)
    assert [row.error for row in rows] == ["no weights"] * 4
    assert stylize_pair(a_pair("0.png"), job).status == "completed"


# ---------------------------------------------------------------- interrupted


def interrupted_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the batch interrupted when the first pair has taken so many steps."""
    keep = watch.Watch.on_checkpoint

    def interrupt(self: watch.Watch, checkpoint: Checkpoint) -> None:
        if checkpoint.steps >= steps:
            watch.interruption.set()
        keep(self, checkpoint)

    monkeypatch.setattr(watch.Watch, "on_checkpoint", interrupt)


def test_an_interruption_ends_all_and_they_go_on_together(
    job: Job, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [a_pair(name) for name in NAMES]
    with monkeypatch.context() as patch:
        interrupted_after(2, patch)
        try:
            rows = at_once(pairs, job)
        finally:
            watch.interruption.clear()
    assert [row.error for row in rows] == ["the batch was interrupted; run it again to go on from there"] * 4
    assert calls == [4]
    rows = at_once(pairs, job)
    assert calls == [4, 4]
    assert [(row.status, row.stop_reason) for row in rows] == [("completed", "iterations; resumed after 2 steps")] * 4
    assert all(float(row.seconds_prepare or -1) > 0 for row in rows)


@pytest.mark.parametrize("each", [1, 2, 4])
def test_those_that_wait_when_a_batch_is_interrupted_do_not_begin(
    job: Job, calls: list[int], monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    @contextmanager
    def too_late(devices: Sequence[str]) -> Iterator[str]:
        with slot(devices) as device:
            watch.interruption.set()
            yield device

    monkeypatch.setitem(TOGETHER, "CPU", each)
    monkeypatch.setattr(together, "slot", too_late)
    try:
        rows = at_once([a_pair(name) for name in NAMES], job)
    finally:
        watch.interruption.clear()
    assert ["interrupted" in str(row.error) for row in rows] == [True] * 4
    assert calls == []


# ---------------------------------------------------------------- several devices


def test_two_devices_work_at_once(job: Job, calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = {"GPU:0": Event(), "GPU:1": Event()}

    def engine(config: TransferConfig, device: str) -> StyleTransfer:
        at_work[device].set()
        assert all(event.wait(60) for event in at_work.values())
        return engines.engine(config.replace(seed=int(device[-1])), "CPU:0")

    monkeypatch.setitem(TOGETHER, "GPU", 2)
    monkeypatch.setattr(together, "devices", lambda _name: tuple(at_work))
    monkeypatch.setattr(together, "engine", engine)
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda name: stylize_pair(a_pair(name), job), NAMES))
    assert [(row.status, row.error) for row in rows] == [("completed", None)] * 4
    assert sum(calls) == 8
    assert max(calls) <= 2
