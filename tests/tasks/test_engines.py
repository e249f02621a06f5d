from collections.abc import Iterator
from threading import Barrier, Lock, Thread
from time import sleep
from typing import Any

import pytest

from nst_engine.errors import ConfigError
from tasks import engines
from tasks.engines import engine, lock
from tests.tasks.studio import CONFIG


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    engines.engine.cache_clear()
    yield
    engines.engine.cache_clear()


def test_the_same_configuration_has_the_same_engine() -> None:
    first = engine(CONFIG, "cpu")
    assert engine(CONFIG.replace(), "cpu") is first
    assert first.config == CONFIG


def test_another_configuration_has_another_engine() -> None:
    assert engine(CONFIG.replace(seed=1), "cpu") is not engine(CONFIG, "cpu")


def test_keeps_few_engines() -> None:
    for seed in range(4):
        engine(CONFIG.replace(seed=seed), "cpu")
    assert engines.engine.cache_info().currsize == engines._ENGINES_KEPT


def most_at_once(device: str) -> int:
    """How many of four threads were inside an engine of that device at the same time."""
    inside: list[int] = []
    counts: list[int] = []
    start = Barrier(4)

    def work() -> None:
        start.wait()
        with lock(device):
            engine(CONFIG, "cpu")
            inside.append(1)
            counts.append(len(inside))
            sleep(0.02)
            inside.pop()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(counts)


def test_one_transfer_at_a_time_on_a_device() -> None:
    assert most_at_once("cpu") == 1
    assert engines.engine.cache_info().misses == 1


def test_one_transfer_at_a_time_also_for_threads_that_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_to_come() -> Any:
        sleep(0.05)
        return Lock()

    monkeypatch.setattr(engines, "Lock", slow_to_come)
    assert most_at_once("Cpu") == 1


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="device='gpu:99' is not there; use "):
        engine(CONFIG, "gpu:99")
