"""Engines of several configurations that share a network, and that no picture knows of it."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_engine import StyleTransfer
from nst_engine.backbones.network import Network
from nst_engine.config import TransferConfig
from nst_engine.config.transfer_config import _COMPUTATION
from nst_engine.errors import WeightsError
from nst_engine.transfer.optimization_loop import OptimizationLoop
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENT, STYLE = content_pixels(), style_pixels()
LAYERS = ("block2_conv1",)

MASKS = {"blend": ("{style}:2",), "content_masks": ("{left}", "{right}"), "style_masks": ("{left}", "{right}")}
FACTORS = {"strength": 0.6, "content_weight": 2.0, "style_weight": 0.4, "tv_weight": 1.0}
WEIGHTS = FACTORS | {"learning_rate": 2.0, "schedule": "cosine"}
FILES = {"preserve_color": "histogram", "format": "jpg", "quality": 50, "record_every": 3, "snapshot_every": 2}
SIZES = {"style_scale": 0.5, "side": 40, "init": "noise", "levels": 2}

SHARING: dict[str, dict[str, Any]] = {
    "weights": WEIGHTS | FILES | {"iterations": 7},
    "balance and masks": MASKS | {"balance": 2.0},
    "sizes": SIZES | {"optimizer": "lbfgs", "learning_rate": 0.5, "iterations": 7},
    "tile": {"tile": 32},
    "tolerance": {"tolerance": 0.9},
    "time limit": {"time_limit": 1e-6},
    "painted": {"method": "paint", "updates": 5, "refine": 3},
}
"""Values other than the base's for all fields that are no part of what is computed, as many at once as show."""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    pixels = {"style": noise_pixels(48, 36, seed=7), "left": np.zeros((36, 48, 3), np.uint8)}
    pixels["left"][:, :20] = 255
    pixels["right"] = 255 - pixels["left"]
    for name, picture in pixels.items():
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    return {name: str(tmp_path / f"{name}.png") for name in pixels}


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str], list[None]]:
    def counting(owner: type, name: str) -> list[None]:
        calls: list[None] = []
        method = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given, **named: (calls.append(None), method(*given, **named))[1])
        return calls

    return counting


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    """The one that all others share what they can of."""
    return StyleTransfer(base())


def one_layer(**changes: Any) -> TransferConfig:
    return small_config(**{"content_layers": LAYERS, "style_layers": LAYERS} | changes)


def base(**changes: Any) -> TransferConfig:
    return one_layer(**{"optimizer": "lbfgs", "learning_rate": None} | changes)


def test_every_field_is_either_computed_or_shared() -> None:
    sharing = {name for changes in SHARING.values() for name in changes}
    assert {*_COMPUTATION, *sharing} == {field.name for field in fields(TransferConfig)}
    assert not {*_COMPUTATION} & sharing


@pytest.mark.parametrize("changes", SHARING.values(), ids=SHARING)
def test_a_configuration_gives_the_picture_that_an_engine_of_its_own_gives(
    changes: dict[str, Any], engine: StyleTransfer, files: dict[str, str], count: Callable[[type, str], list[None]]
) -> None:
    named = {
        name: tuple(entry.format(**files) for entry in value) if isinstance(value, tuple) else value
        for name, value in changes.items()
    }
    config = one_layer(**named)
    style = noise_pixels(48, 36, seed=5)
    unchanged = engine.with_config(one_layer())
    assert config != unchanged.config
    painted = (noise_pixels() / 255).astype(np.float32) if config.method == "paint" else None
    alone = StyleTransfer(config).run(CONTENT, style, painted=painted)
    before = unchanged.run(CONTENT, style)
    built = count(Network, "__init__")
    other = unchanged.with_config(config)
    shared = other.run(CONTENT, style, painted=painted)
    assert (other.config, shared.config, built) == (config, config, [])
    np.testing.assert_array_equal(shared.image, alone.image)
    assert [record.losses for record in shared.history] == [record.losses for record in alone.history]
    np.testing.assert_array_equal(unchanged.run(CONTENT, style).image, before.image)


def test_configurations_that_differ_in_numbers_share_a_graph(
    engine: StyleTransfer, count: Callable[[type, str], list[None]]
) -> None:
    engine.run(CONTENT, STYLE)
    traced = count(OptimizationLoop, "_steps")
    for weight, side, steps in ((0.1, 48, 12), (0.4, 40, 5), (1.6, 36, 9)):
        engine.with_config(base(style_weight=weight, side=side, iterations=steps)).run(CONTENT, STYLE)
    assert traced == []


@pytest.mark.parametrize("changes", [{"seed": 1}, {"style_layers": ("block1_conv1",)}, {"pooling": "average"}])
def test_another_computation_has_a_network_of_its_own(engine: StyleTransfer, changes: dict[str, Any]) -> None:
    config = one_layer(**changes)
    other = engine.with_config(config)
    assert other.device == engine.device
    np.testing.assert_array_equal(other.run(CONTENT, STYLE).image, StyleTransfer(config).run(CONTENT, STYLE).image)
    assert other.run(CONTENT, STYLE).losses != engine.run(CONTENT, STYLE).losses


def test_absent_weights_are_an_error(engine: StyleTransfer) -> None:
    with pytest.raises(WeightsError, match=r"absent\.h5"):
        engine.with_config(base(weights="absent.h5"))
