"""A rate that is far too high ends in a good picture, and the result tells what was done."""

import pytest

from nst_engine import StyleTransfer
from tests.nst_engine.small import content_pixels, small_config, style_pixels


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_a_rate_of_100_ends_below_a_twentieth_of_the_first_loss(optimizer: str) -> None:
    config = small_config(optimizer=optimizer, learning_rate=100.0, iterations=100, side=48, content_weight=0.01)
    result = StyleTransfer(config).run(content_pixels(), style_pixels())
    assert result.losses.total < result.history[0].total / 20
    assert result.stop_reason.startswith("iterations; diverged ")
    assert "learning_rate 100 lowered to " in result.stop_reason
    assert result.history[-1].learning_rate < 100
