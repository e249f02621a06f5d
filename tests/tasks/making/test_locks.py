"""One transfer at a time on a device, for threads and processes alike."""

import errno
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import Barrier, Event, Lock
from time import sleep
from typing import Any

import pytest

from tasks.interruption import InterruptedPairError
from tasks.local_state import HOME, state_folder
from tasks.making.locks import alone, require_slots, slot
from tasks.storage import StorageError, file_lock

HOLDER = """
import sys
from tasks.making.locks import slot
with slot(sys.argv[1:]) as device:
    print(device, flush=True)
    sys.stdin.read()
"""


def held_at_once(hold: Callable[[], AbstractContextManager[Any]], threads: int) -> Counter[Any]:
    """The most threads that held each thing at the same time."""
    inside: Counter[Any] = Counter()
    most: Counter[Any] = Counter()
    start, counting = Barrier(threads), Lock()

    def work(_: int) -> None:
        start.wait()
        for _turn in range(3):
            with hold() as held:
                with counting:
                    inside[held] += 1
                    most[held] = max(most[held], inside[held])
                sleep(0.02)
                with counting:
                    inside[held] -= 1

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return most


def test_one_thread_at_a_time_holds_a_device() -> None:
    assert held_at_once(lambda: slot(["CPU:0"]), 4) == {"CPU:0": 1}


def test_several_devices_are_held_at_once_each_by_one_thread() -> None:
    assert held_at_once(lambda: slot(["GPU:0", "GPU:1"]), 5) == {"GPU:0": 1, "GPU:1": 1}


def a_holder(*devices: str) -> "subprocess.Popen[str]":
    """A process that holds one of the devices until its input ends."""
    command = [sys.executable, "-c", HOLDER, *devices]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves


def told(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_another_process_leaves_what_is_held_alone() -> None:
    with a_holder("GPU:0", "GPU:1") as first, a_holder("GPU:0", "GPU:1") as second:
        assert {told(first), told(second)} == {"GPU:0", "GPU:1"}
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: slot(["GPU:0", "GPU:1"]).__enter__())
            sleep(0.2)
            assert not waiting.done()
            first.communicate()
            assert waiting.result(timeout=30) in ("GPU:0", "GPU:1")
        second.communicate()


@pytest.mark.parametrize("devices", [["CPU:0"], ["GPU:0", "GPU:1"]])
def test_whoever_waits_comes_before_whoever_had_a_turn(devices: list[str]) -> None:
    def one_turn() -> None:
        with slot(devices):
            pass

    turns = 0
    with ThreadPoolExecutor(1) as pool, ExitStack() as others:
        for _ in devices[1:]:
            others.enter_context(slot(devices))
        with slot(devices):
            waiting = pool.submit(one_turn)
            sleep(0.2)
        while not waiting.done() and turns < 100:
            with slot(devices):
                sleep(0.01)
            turns += 1
        assert turns <= 1


def test_an_interruption_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    interruption = Event()
    monkeypatch.setattr("tasks.interruption.interruption", interruption)
    with a_holder("CPU:0") as holder, ThreadPoolExecutor(1) as pool:
        assert told(holder) == "CPU:0"
        waiting = pool.submit(lambda: slot(["CPU:0"]).__enter__())
        sleep(0.2)
        assert not waiting.done()
        interruption.set()
        with pytest.raises(InterruptedPairError):
            waiting.result(timeout=30)
        holder.communicate()


def test_the_slot_of_a_process_that_is_killed_is_free() -> None:
    with a_holder("CPU:0") as holder:
        assert told(holder) == "CPU:0"
        holder.kill()
        holder.wait()
    with slot(["CPU:0"]) as device:
        assert device == "CPU:0"


def test_processes_that_see_different_gpus_under_one_number_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    with slot(["GPU:1"]):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,4")
        with slot(["GPU:1"]):
            assert sorted(path.name for path in (state_folder() / "slots").glob("*.lock")) == [
                "gpu-3.lock",
                "gpu-4.lock",
            ]


def test_no_slot_is_an_error_and_not_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(HOME, str(tmp_path / "file"))
    for use in (require_slots, lambda: slot(["CPU:0"]).__enter__()):
        with pytest.raises(StorageError, match=r"slots/cpu-0\.lock' cannot be had: .*; set NIGHTBRUSH_HOME"):
            use()


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def _no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks."""

    def refuse(_file: object, _operation: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(file_lock, "flock", refuse)


@pytest.mark.usefixtures("_no_locks")
def test_where_files_cannot_be_locked_one_thread_at_a_time_works_and_it_is_said() -> None:
    (note,) = require_slots()
    assert note.startswith(f"files in {str(state_folder())!r} cannot be locked: runs at the same time share devices")
    assert note.endswith("; set NIGHTBRUSH_HOME to a folder of this machine's own that can be written")
    assert held_at_once(lambda: slot(["GPU:0", "GPU:1"]), 5) == {"GPU:0": 1, "GPU:1": 1}
    assert held_at_once(lambda: alone("out/lake.png"), 4) == {None: 1}


def test_nothing_is_said_of_files_that_can_be_locked_though_someone_holds_one() -> None:
    with slot(["CPU:0"]):
        assert require_slots() == ()


# pictures


def locks() -> list[str]:
    return [path.name for path in (state_folder() / "slots").iterdir()]


def test_one_thread_at_a_time_works_on_a_picture_and_no_file_is_left() -> None:
    assert held_at_once(lambda: alone("s3://night/out/lake.png"), 6) == {None: 1}
    assert locks() == []


def test_different_pictures_do_not_wait_for_each_other() -> None:
    with alone("out/lake.png"), alone("out/hill.png"):
        assert len(locks()) == 2
    assert locks() == []


def test_work_that_fails_leaves_its_picture_to_others() -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), alone("out/lake.png"):
            raise ZeroDivisionError
    assert locks() == []


PAINTER = """
import sys
from tasks.making.locks import alone
with alone("out/lake.png"):
    print("alone", flush=True)
    sys.stdin.read()
"""


def test_the_picture_of_a_process_is_waited_for_until_it_is_killed() -> None:
    command = [sys.executable, "-c", PAINTER]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as painter,  # noqa: S603 - ourselves
        ThreadPoolExecutor(1) as pool,
    ):
        assert told(painter) == "alone"
        waiting = pool.submit(lambda: alone("out/lake.png").__enter__())
        sleep(0.2)
        assert not waiting.done()
        painter.kill()
        waiting.result(timeout=30)


def test_an_interruption_ends_the_wait_for_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    interruption = Event()
    monkeypatch.setattr("tasks.interruption.interruption", interruption)
    with ThreadPoolExecutor(1) as pool, alone("out/lake.png"):
        waiting = pool.submit(lambda: alone("out/lake.png").__enter__())
        sleep(0.2)
        assert not waiting.done()
        interruption.set()
        with pytest.raises(InterruptedPairError):
            waiting.result(timeout=30)
