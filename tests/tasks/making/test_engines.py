from collections.abc import Iterator

import pytest

from nst_engine.errors import ConfigError
from tasks.making import engines
from tasks.making.engines import engine, free_device
from tests.tasks.studio import CONFIG, engines_made


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    engines._engines.cache_clear()
    yield
    engines._engines.cache_clear()


def test_configurations_that_compute_alike_share_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = engines_made(monkeypatch)
    for config in (CONFIG, CONFIG.replace(style_weight=7.0), CONFIG.replace(side=33, iterations=3), CONFIG):
        asked = engine(config, "CPU:0")
        assert (asked.config, asked.device) == (config, "CPU:0")
    assert made == [CONFIG.computation]


def test_keeps_few_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    made = engines_made(monkeypatch)
    seeds = [*range(1, engines._ENGINES_KEPT + 2), 1]
    for seed in seeds:
        engine(CONFIG.replace(seed=seed), "CPU:0")
    assert [config.seed for config in made] == seeds


@pytest.mark.parametrize("name", [None, "cpu", "CPU:0"])
def test_a_device_is_known_by_its_full_name(name: str | None) -> None:
    with free_device(name) as device:
        assert device == "CPU:0"


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="device='gpu:99' is not there; use "):
        free_device("gpu:99")
