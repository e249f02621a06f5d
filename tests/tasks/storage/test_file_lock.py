from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from tasks.storage.file_lock import lock, lock_shared, try_lock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.lock"


def test_a_file_that_is_locked_is_nobody_elses_until_it_is_closed(file: Path) -> None:
    with file.open("ab") as other:
        with file.open("ab") as held:
            assert try_lock(held)
            assert not try_lock(other)
        assert try_lock(other)


def test_who_locks_waits_for_whoever_holds_the_file(file: Path) -> None:
    with file.open("ab") as other, ThreadPoolExecutor(1) as pool:
        with file.open("ab") as held:
            lock(held)
            waiting = pool.submit(lock, other)
            sleep(0.2)
            assert not waiting.done()
        waiting.result(timeout=30)
        with file.open("ab") as late:
            assert not try_lock(late)


def test_who_shares_a_file_keeps_others_from_holding_it_alone(file: Path) -> None:
    with file.open("ab") as alone:
        with file.open("ab") as one, file.open("ab") as another:
            lock_shared(one)
            lock_shared(another)
            assert not try_lock(alone)
        assert try_lock(alone)


def test_a_file_that_is_there_can_be_locked_without_a_change(file: Path) -> None:
    file.touch()
    with file.open("r+b") as held, file.open("r+b") as other:
        assert try_lock(held)
        assert not try_lock(other)
