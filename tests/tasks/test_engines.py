from collections.abc import Iterator

import pytest

from nst_engine.errors import ConfigError
from tasks import engines
from tasks.engines import engine, free_device
from tests.tasks.studio import CONFIG


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    engines._engines.cache_clear()
    yield
    engines._engines.cache_clear()


def test_the_same_configuration_has_the_same_engine() -> None:
    first = engine(CONFIG, "CPU:0")
    assert engine(CONFIG.replace(), "CPU:0") is first
    assert first.config == CONFIG
    assert first.device == "CPU:0"


def test_another_configuration_has_another_engine() -> None:
    assert engine(CONFIG.replace(seed=1), "CPU:0") is not engine(CONFIG, "CPU:0")


def test_keeps_few_engines() -> None:
    first = engine(CONFIG, "CPU:0")
    for seed in range(1, engines._ENGINES_KEPT + 1):
        engine(CONFIG.replace(seed=seed), "CPU:0")
    assert engine(CONFIG, "CPU:0") is not first


@pytest.mark.parametrize("name", [None, "cpu", "CPU:0"])
def test_a_device_is_known_by_its_full_name(name: str | None) -> None:
    with free_device(name) as device:
        assert device == "CPU:0"


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="device='gpu:99' is not there; use "):
        free_device("gpu:99")
