"""An optimization that goes wrong ends in a good picture where it can, and the result tells what was done."""

from collections.abc import Iterator
from typing import Any

import pytest

from nst_engine import StyleTransfer, TransferError, TransferResult
from nst_engine.evaluation.whole import Whole
from nst_engine.registry.optimizers import OPTIMIZERS, OptimizerSpec
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_a_rate_of_100_ends_below_a_twentieth_of_the_first_loss(optimizer: str) -> None:
    config = small_config(optimizer=optimizer, learning_rate=100.0, iterations=100, side=48, content_weight=0.01)
    result = shared_engine(config).run(content_pixels(), style_pixels())
    assert result.losses.total < result.history[0].total / 20
    assert result.stop_reason.startswith("iterations; diverged ")
    assert "learning_rate 100 lowered to " in result.stop_reason
    assert result.history[-1].learning_rate < 100


CLIMBING = OptimizerSpec(
    builder="tests.nst_engine.optimizers.climbing:Climbing", learning_rate=1.0, pictures=24, fallback="adam"
)


PAIRS = [(content_pixels(), style_pixels()), (content_pixels(), noise_pixels(32, 32))]


@pytest.fixture(scope="module")
def climbing() -> Iterator[StyleTransfer]:
    fields = {"learning_rate": None, "iterations": 60, "record_every": 2, "style_weight": 1e-3}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(OPTIMIZERS, "climbing", CLIMBING)
        yield shared_engine(small_config(optimizer="climbing", **fields))


def test_an_optimizer_that_keeps_diverging_gives_way_to_another(climbing: StyleTransfer) -> None:
    result = climbing.run(*PAIRS[0])
    assert result.stop_reason.startswith("iterations; climbing diverged 13 times, went on with adam")
    assert result.history[-1].learning_rate <= OPTIMIZERS["adam"].learning_rate
    assert result.losses.total < result.history[0].total / 4
    assert max(record.total for record in result.history) > result.history[0].total


def test_one_that_gives_way_costs_no_other_picture_of_its_batch_its_best(climbing: StyleTransfer) -> None:
    for together, pair in zip(climbing.run_batch(PAIRS), PAIRS, strict=True):
        assert isinstance(together, TransferResult)
        assert together.losses.total < 1.05 * climbing.run(*pair).losses.total


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_loss_without_any_finite_gradient_is_an_error_that_says_so(
    monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    evaluate = Whole.evaluate

    def without_gradient(self: Whole, *arguments: Any) -> tuple[Any, Any]:
        terms, gradient = evaluate(self, *arguments)
        return terms, gradient * float("nan")

    monkeypatch.setattr(Whole, "evaluate", without_gradient)
    engine = StyleTransfer(small_config(precision=precision))
    with pytest.raises(TransferError, match=r"no gradient is finite after 0 steps .* use a lower rate"):
        engine.run(content_pixels(), style_pixels())
