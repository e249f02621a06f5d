from typing import Any

import numpy as np
import pytest

from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels

MEANS, SHARES = {"style_weight": 1e-3}, {"formulation": "share", "style_weight": 30.0, "tv_weight": 0.3}


@pytest.mark.parametrize(("optimizer", "losses"), [("lbfgs", MEANS), ("adam", MEANS), ("lbfgs", SHARES)])
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_mixed_precision_run_ends_near_the_loss_of_float32(
    precision: str, optimizer: str, losses: dict[str, Any]
) -> None:
    changes = losses | {"optimizer": optimizer, "learning_rate": None}
    changes |= {"side": 32, "iterations": 60, "record_every": 30}
    exact, mixed = (
        shared_engine(small_config(precision=name, **changes)).run(content_pixels(), style_pixels())
        for name in ("float32", precision)
    )
    assert mixed.precision == precision
    assert exact.losses.total < exact.history[0].total / 2
    assert mixed.losses.total == pytest.approx(exact.losses.total, rel=0.05)
    judged = shared_engine(small_config(**changes)).evaluate(mixed.image, content_pixels(), style_pixels())
    assert mixed.losses.total == pytest.approx(judged.total, rel=0.05)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_float16_gradients_that_overflow_are_taken_again_with_a_smaller_scale_and_cost_no_step(optimizer: str) -> None:
    heavy: dict[str, Any] = {"optimizer": optimizer, "learning_rate": None, "style_weight": 10.0, "levels": 2}
    engine = shared_engine(small_config(precision="mixed_float16", iterations=30, record_every=2, **heavy))
    result = engine.run(content_pixels(), style_pixels())
    scales = [record.loss_scale for record in result.history]
    assert scales[0] == 2**15
    assert 0 < scales[1] < 2**10
    assert scales == sorted(scales, reverse=True)
    assert result.evaluations >= result.iterations + np.log2(scales[0] / scales[-1])
    totals = [record.total for record in result.history]
    assert totals[1] < totals[0]
    assert totals[-1] < totals[0] / 2


def test_without_float16_the_loss_is_not_scaled() -> None:
    history = shared_engine(small_config(precision="mixed_bfloat16")).run(content_pixels(), style_pixels()).history
    assert {record.loss_scale for record in history} == {1}


def test_the_next_picture_does_not_write_into_the_last_one() -> None:
    engine = shared_engine(small_config())
    result = engine.run(content_pixels(), style_pixels())
    kept = result.image.copy()
    engine.run(content_pixels(), style_pixels(40, 24))
    np.testing.assert_array_equal(result.image, kept)
