from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.losses.gram import gatys_style_loss, gram_matrix, style_loss
from tests.reference import formulas


def features(height: int = 5, width: int = 7, channels: int = 6, seed: int = 0) -> npt.NDArray[np.float32]:
    """Like a network's after ReLU: half of the values are 0."""
    drawn = np.random.default_rng(seed).standard_normal((1, height, width, channels), dtype=np.float32)
    return drawn.clip(0)


def symmetric(channels: int, seed: int = 9) -> npt.NDArray[np.float32]:
    """What a loss hands back to a Gram matrix."""
    drawn = np.random.default_rng(seed).standard_normal((channels, channels), dtype=np.float32)
    return drawn + drawn.T


def plain_gram(F: Any) -> Any:
    rows = tf.reshape(F, [-1, F.shape[-1]])
    return tf.matmul(rows, rows, transpose_a=True) / tf.cast(tf.shape(rows)[0], rows.dtype)


def gradient_of(function: Any, F: Any, weights: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(F)
        value = tf.reduce_sum(function(F) * weights)
    return tape.gradient(value, F)


def relative_error(value: Any, expected: Any) -> float:
    value, expected = (np.asarray(tf.cast(array, tf.float64)) for array in (value, expected))
    return float(np.linalg.norm(value - expected) / np.linalg.norm(expected))


def test_is_equation_3_divided_by_the_number_of_places() -> None:
    F = features()
    expected = formulas.gram(formulas.as_rows(F)) / 35
    np.testing.assert_allclose(gram_matrix(tf.constant(F)), expected, rtol=1e-5, atol=1e-6)


def test_does_not_depend_on_the_size_of_a_uniform_picture() -> None:
    small, large = (gram_matrix(tf.fill([1, side, side, 3], 2.0)) for side in (4, 16))
    np.testing.assert_allclose(small, large, rtol=1e-6)


def test_its_gradient_is_that_of_the_plain_expression() -> None:
    F, dG = tf.constant(features()), np.random.default_rng(3).standard_normal((6, 6)).astype(np.float32)
    ours, theirs = (gradient_of(function, F, dG) for function in (gram_matrix, plain_gram))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_its_gradient_is_the_slope_of_finite_differences() -> None:
    F, dG = features(), symmetric(6).astype(np.float64)
    gradient = np.asarray(gradient_of(gram_matrix, tf.constant(F), tf.constant(dG, tf.float32)), np.float64)

    def value(x: npt.NDArray[Any]) -> float:
        return float(np.sum(formulas.gram(formulas.as_rows(x)) / 35 * dG))

    for seed in range(3):
        along = np.random.default_rng(seed).standard_normal(F.shape)
        slope = (value(F + 1e-4 * along) - value(F - 1e-4 * along)) / 2e-4
        assert np.sum(gradient * along) == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("height", [31, 32, 33, 64, 100])
def test_in_bfloat16_it_comes_nearer_to_float32_than_one_product(height: int) -> None:
    F = tf.cast(features(height, 32, 16), tf.bfloat16)
    exact = plain_gram(tf.cast(F, tf.float64))
    ours = relative_error(gram_matrix(F), exact)
    assert ours < 2e-3
    assert ours <= relative_error(plain_gram(F), exact)


def test_in_bfloat16_many_places_do_not_add_up_to_an_error() -> None:
    F = tf.cast(features(128, 128, 8), tf.bfloat16)
    assert relative_error(gram_matrix(F), plain_gram(tf.cast(F, tf.float64))) < 2e-3


@pytest.mark.parametrize(("dtype", "most"), [(tf.bfloat16, 1e-2), (tf.float16, 1e-3)])
def test_its_gradient_keeps_the_dtype_and_the_accuracy_of_the_features(dtype: tf.DType, most: float) -> None:
    F, dG = tf.cast(features(16, 16, 8), dtype), symmetric(8)
    gradient = gradient_of(gram_matrix, F, dG)
    assert gradient.dtype == dtype
    assert relative_error(gradient, gradient_of(plain_gram, tf.cast(F, tf.float32), dG)) < most


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16, tf.float16])
def test_is_float32_whatever_the_features_are(dtype: tf.DType) -> None:
    assert gram_matrix(tf.cast(features(), dtype)).dtype == tf.float32


def test_float16_features_whose_products_exceed_float16_stay_finite() -> None:
    gram = gram_matrix(tf.fill([1, 8, 8, 2], tf.constant(1000, tf.float16)))
    np.testing.assert_allclose(gram, np.full((2, 2), 1e6))


def test_works_where_the_height_and_width_are_unknown() -> None:
    F = features()
    traced = tf.function(gram_matrix, input_signature=[tf.TensorSpec([1, None, None, 6], tf.float32)])
    np.testing.assert_allclose(traced(F), gram_matrix(tf.constant(F)), rtol=1e-6)


def test_the_style_loss_is_the_mean_of_squared_differences() -> None:
    F, S = features(5, 7), features(4, 4, seed=1)
    expected = formulas.mean_style(formulas.as_rows(F), formulas.as_rows(S))
    loss = style_loss(gram_matrix(tf.constant(F)), gram_matrix(tf.constant(S)))
    assert loss.numpy() == pytest.approx(expected, rel=1e-5)


def test_the_sum_of_the_paper_is_equation_4_for_pictures_of_one_size() -> None:
    F, S = features(seed=0), features(seed=1)
    expected = formulas.gatys_style(formulas.as_rows(F), formulas.as_rows(S))
    loss = gatys_style_loss(gram_matrix(tf.constant(F)), gram_matrix(tf.constant(S)))
    assert loss.numpy() == pytest.approx(expected, rel=1e-5)


def test_the_sum_of_the_paper_divides_each_matrix_by_its_own_places() -> None:
    F, S = features(5, 7), features(4, 4, seed=1)
    expected = formulas.gatys_style_of_two_sizes(formulas.as_rows(F), formulas.as_rows(S))
    loss = gatys_style_loss(gram_matrix(tf.constant(F)), gram_matrix(tf.constant(S)))
    assert loss.numpy() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [style_loss, gatys_style_loss])
def test_is_zero_for_the_style_itself(loss: Any) -> None:
    G = gram_matrix(tf.constant(features()))
    assert loss(G, G).numpy() == 0
