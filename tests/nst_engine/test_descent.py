from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nst_engine import StyleTransfer
from nst_engine.descent import LossScale
from tests.nst_engine.small import content_pixels, small_config, style_pixels

GOOD, BAD = [1.0, 1.0], [1.0, float("inf")]


def adapt(scale: LossScale, *gradients: list[float]) -> list[float]:
    """The values of the scale after each gradient."""
    adapted = tf.function(scale.adapt, input_signature=[tf.TensorSpec([2])])
    values = []
    for gradient in gradients:
        adapted(tf.constant(gradient))
        values.append(float(scale.value.numpy()))
    return values


@pytest.mark.parametrize("bad", [float("inf"), -float("inf"), float("nan")])
def test_a_gradient_that_is_not_finite_halves_the_loss_scale(bad: float) -> None:
    assert adapt(LossScale(1024.0), GOOD, [1.0, bad], [bad, 1.0]) == [1024, 512, 256]


def test_two_hundred_finite_gradients_in_a_row_double_the_loss_scale() -> None:
    values = adapt(LossScale(1024.0), *[GOOD] * 150, BAD, *[GOOD] * 400)
    assert values[149:151] == [1024, 512]
    assert values[349:351] == [512, 1024]
    assert values[549:551] == [1024, 2048]


def test_starting_anew_forgets_what_the_loss_scale_learned() -> None:
    scale = LossScale(1024.0)
    adapt(scale, BAD, *[GOOD] * 150)
    scale.start()
    assert adapt(scale, *[GOOD] * 200)[-2:] == [1024, 2048]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_mixed_precision_run_ends_near_the_loss_of_float32(precision: str, optimizer: str) -> None:
    changes: dict[str, Any] = {"optimizer": optimizer, "learning_rate": None, "style_weight": 1e-3}
    changes |= {"side": 32, "iterations": 60, "record_every": 30}
    exact, mixed = (
        StyleTransfer(small_config(precision=name, **changes)).run(content_pixels(), style_pixels())
        for name in ("float32", precision)
    )
    assert mixed.precision == precision
    assert exact.losses.total < exact.history[0].total / 2
    assert mixed.losses.total == pytest.approx(exact.losses.total, rel=0.05)
    judged = StyleTransfer(small_config(**changes)).evaluate(mixed.image, content_pixels(), style_pixels())
    assert mixed.losses.total == pytest.approx(judged.total, rel=0.05)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_float16_gradients_that_overflow_at_first_are_scaled_until_they_fit(optimizer: str) -> None:
    heavy: dict[str, Any] = {"optimizer": optimizer, "learning_rate": None, "style_weight": 10.0}
    engine = StyleTransfer(small_config(precision="mixed_float16", iterations=60, record_every=2, **heavy))
    result = engine.run(content_pixels(), style_pixels())
    totals = [record.total for record in result.history]
    assert totals[1] == totals[0]
    assert totals[-1] < totals[0] / 2


def test_the_next_picture_does_not_write_into_the_last_one() -> None:
    engine = StyleTransfer(small_config())
    result = engine.run(content_pixels(), style_pixels())
    kept = result.image.copy()
    engine.run(content_pixels(), style_pixels(40, 24))
    np.testing.assert_array_equal(result.image, kept)
