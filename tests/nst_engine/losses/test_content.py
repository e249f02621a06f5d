import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.losses.content import content_loss, sum_of_mean
from tests.reference import formulas


def features(seed: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((1, 5, 7, 6), dtype=np.float32)


def test_is_the_mean_of_squared_differences() -> None:
    F, P = features(0), features(1)
    expected = formulas.mean_content(formulas.as_rows(F), formulas.as_rows(P))
    assert content_loss(F, P).numpy() == pytest.approx(expected, rel=1e-6)


def test_the_sum_of_the_paper_lacks_its_factor_of_one_half() -> None:
    F, P = features(0), features(1)
    expected = 2 * formulas.gatys_content(formulas.as_rows(F), formulas.as_rows(P))
    assert sum_of_mean(content_loss(F, P), P).numpy() == pytest.approx(expected, rel=1e-6)


def test_is_zero_for_the_content_itself() -> None:
    assert content_loss(features(0), features(0)).numpy() == 0


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_is_taken_in_float32_where_a_square_exceeds_float16(dtype: tf.DType) -> None:
    F, P = tf.fill([1, 4, 4, 2], tf.constant(1000, dtype)), tf.zeros([1, 4, 4, 2], dtype)
    loss = content_loss(F, P)
    assert loss.dtype == tf.float32
    assert loss.numpy() == 1e6
    assert sum_of_mean(loss, P).numpy() == 32e6
