"""An engine keeps targets and graphs between pictures, and this changes no picture."""

from typing import Any

import numpy as np
import pytest

from nst_engine import StyleTransfer
from nst_engine.losses.objective import Objective
from nst_engine.optimizers.lbfgs_memory import Curvature
from nst_engine.transfer.lru_cache import WeightedCache
from nst_engine.transfer.optimization_loop import OptimizationLoop
from nst_engine.transfer.shared_state import MAX_CACHED_BYTES, Shape, cached_bytes
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENT, STYLE = content_pixels(), style_pixels()
ONE_LAYER: dict[str, Any] = dict.fromkeys(("content_layers", "style_layers"), ("block1_conv1",))
"""For tests that count: a network that is traced quickly."""


class Calls:
    """Counts the calls of a method while it goes on working."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self.count = 0
        method = getattr(owner, name)

        def counting(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            return method(*arguments, **named)

        monkeypatch.setattr(owner, name, counting)


@pytest.mark.parametrize(("optimizer", "init"), [("lbfgs", "content"), ("adam", "noise")])
def test_two_runs_of_one_engine_give_equal_pictures_whatever_was_between(optimizer: str, init: str) -> None:
    engine = shared_engine(small_config(optimizer=optimizer, learning_rate=None, init=init))
    first = engine.run(CONTENT, STYLE)
    engine.run(noise_pixels(), style_pixels(30, 40))
    again = engine.run(CONTENT, STYLE)
    np.testing.assert_array_equal(first.image, again.image)
    assert [record.losses for record in first.history] == [record.losses for record in again.history]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_two_runs_are_equal_where_the_first_gradients_overflow(optimizer: str) -> None:
    low = {"precision": "mixed_float16", "style_weight": 0.1, "iterations": 20}
    engine = shared_engine(small_config(optimizer=optimizer, learning_rate=None, **low))
    first = engine.run(CONTENT, STYLE)
    engine.run(noise_pixels(), style_pixels(30, 40))
    np.testing.assert_array_equal(engine.run(CONTENT, STYLE).image, first.image)


def test_two_engines_of_one_configuration_give_equal_pictures() -> None:
    first, second = (StyleTransfer(small_config()).run(CONTENT, STYLE) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)


def test_the_targets_of_a_style_are_computed_once_per_size() -> None:
    engine, computed = StyleTransfer(small_config(iterations=1, **ONE_LAYER)), list[tuple[int, ...]]()
    compute = engine._shared._whole.style_summary

    def counting(pixels: Any, mask: Any) -> Any:
        computed.append(tuple(pixels.shape[1:3]))
        return compute(pixels, mask)

    engine._shared._whole.style_summary = counting
    for content in (CONTENT, noise_pixels(), content_pixels(30, 40)):
        engine.run(content, STYLE)
        engine.evaluate(engine.run(content, STYLE).image, content, STYLE)
    assert computed == [(32, 32)]
    engine.run(CONTENT, style_pixels(64, 96))
    engine.run(CONTENT, noise_pixels(32, 32))
    assert computed == [(32, 32), (48, 32), (32, 32)]


def test_a_style_is_never_enlarged() -> None:
    small, large = (shared_engine(small_config(side=side)) for side in (48, 96))
    picture = noise_pixels(48, 48)
    exact = small.evaluate(picture, picture, STYLE).style
    assert large.evaluate(noise_pixels(96, 96), picture, STYLE).style != exact
    assert small.evaluate(picture, picture, style_pixels(32, 32)).style == exact


@pytest.mark.parametrize(
    ("changes", "graphs"),
    [
        ({"optimizer": "lbfgs"}, 1),
        ({"optimizer": "lbfgs", "levels": 2}, 1),
        ({"optimizer": "adam"}, 2),
        ({"optimizer": "lbfgs", "tile": 32}, 2),
        ({"optimizer": "lbfgs", "jit": "on"}, 2),
    ],
)
def test_a_graph_is_traced_once_for_all_sizes_or_once_for_each(
    changes: dict[str, Any], graphs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, traced = Calls(monkeypatch, OptimizationLoop, "__init__"), Calls(monkeypatch, OptimizationLoop, "_steps")
    engine = StyleTransfer(small_config(iterations=3, record_every=2, **ONE_LAYER, **changes))
    for content in (CONTENT, content_pixels(30, 40), CONTENT, noise_pixels(30, 40)):
        engine.run(content, STYLE)
        engine.run(content, style_pixels(20, 24))
    assert (made.count, traced.count) == (graphs, graphs)


def test_all_sizes_of_eight_pictures_of_512_pixels_are_kept_together() -> None:
    shapes = [Shape((side, side), ("lbfgs",) * 8, None, 0) for side in (128, 181, 256, 362, 512)]
    kept = WeightedCache[Shape, object](MAX_CACHED_BYTES, cached_bytes)
    made = [kept.get_or_make(shape, object) for shape in shapes]
    assert [kept.get_or_make(shape, object) for shape in shapes] == made


def test_an_optimizer_s_memory_is_freed_when_its_level_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Curvature] = []
    most = []

    def start(curvature: Curvature, length: int) -> None:
        held.append(curvature)
        most.append(len(held))
        started(curvature, length)

    def rest(curvature: Curvature) -> None:
        held.remove(curvature)
        rested(curvature)

    started, rested = Curvature.start, Curvature.rest
    monkeypatch.setattr(Curvature, "start", start)
    monkeypatch.setattr(Curvature, "rest", rest)
    StyleTransfer(small_config(optimizer="lbfgs", learning_rate=None, levels=3, **ONE_LAYER)).run(CONTENT, STYLE)
    assert (most, held) == ([1, 1, 1], [])


def test_losses_are_traced_once_for_all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = StyleTransfer(small_config())
    traced = Calls(monkeypatch, Objective, "terms")
    for width in (48, 40, 36, 32, 28, 24):
        engine.evaluate(noise_pixels(width, 48), noise_pixels(width, 48), STYLE)
    assert traced.count == 1


def test_portrait_and_landscape_do_not_disturb_one_another() -> None:
    config, landscape, portrait = small_config(optimizer="lbfgs"), content_pixels(48, 30), content_pixels(30, 48)
    engine, alone = shared_engine(config), shared_engine(config)
    first, between, again = (engine.run(content, STYLE).image for content in (landscape, portrait, landscape))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(between, alone.run(portrait, STYLE).image)
