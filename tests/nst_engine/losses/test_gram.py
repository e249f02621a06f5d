from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.losses.gram import gatys_style_loss, gram_matrix, style_loss
from tests.nst_engine.losses.arrays import features, gradient, mask, relative_error, slope
from tests.reference import formulas


def symmetric(channels: int, seed: int = 9) -> npt.NDArray[np.float32]:
    """The gradient that a loss gives to a Gram matrix."""
    drawn = np.random.default_rng(seed).standard_normal((channels, channels), dtype=np.float32)
    return drawn + drawn.T


def plain_gram(F: Any) -> Any:
    rows = tf.reshape(F, [-1, F.shape[-1]])
    return tf.matmul(rows, rows, transpose_a=True) / tf.cast(tf.shape(rows)[0], rows.dtype)


def gradient_of(function: Any, F: Any, weights: Any) -> Any:
    return gradient(lambda x: tf.reduce_sum(function(x) * weights), F)


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
    ours = np.asarray(gradient_of(gram_matrix, tf.constant(F), tf.constant(dG, tf.float32)), np.float64)

    def value(x: npt.NDArray[Any]) -> float:
        return float(np.sum(formulas.gram(formulas.as_rows(x)) / 35 * dG))

    for seed in range(3):
        along = np.random.default_rng(seed).standard_normal(F.shape)
        assert np.sum(ours * along) == pytest.approx(slope(value, F, along), rel=1e-4)


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
    ours = gradient_of(gram_matrix, F, dG)
    assert ours.dtype == dtype
    assert relative_error(ours, gradient_of(plain_gram, tf.cast(F, tf.float32), dG)) < most


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


def test_weights_count_places_more_or_less() -> None:
    F, w = features(), mask()
    rows = formulas.as_rows(F) * np.sqrt(formulas.as_rows(w))
    np.testing.assert_allclose(gram_matrix(tf.constant(F), w), formulas.gram(rows) / w.sum(), rtol=1e-5, atol=1e-6)


def test_a_mask_of_ones_is_no_mask() -> None:
    F = tf.constant(features())
    np.testing.assert_allclose(gram_matrix(F, tf.ones([1, 5, 7, 1])), gram_matrix(F), rtol=1e-6)


def test_a_region_has_the_matrix_of_its_places_alone() -> None:
    F, region = features(), (mask() > 0).astype(np.float32)
    w = region / region.mean()
    alone = tf.boolean_mask(F, w[..., 0] > 0)[tf.newaxis, tf.newaxis]
    np.testing.assert_allclose(gram_matrix(tf.constant(F), w), gram_matrix(alone), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16, tf.float16])
def test_an_empty_region_has_zeros_and_no_gradient(dtype: tf.DType) -> None:
    F, nowhere = tf.cast(features(), dtype), tf.zeros([1, 5, 7, 1])
    assert not np.any(gram_matrix(F, nowhere))
    assert not np.any(gradient_of(lambda x: gram_matrix(x, nowhere), F, symmetric(6)))


def test_its_weighted_gradient_is_the_slope_of_finite_differences() -> None:
    F, w, dG = features(), mask(), symmetric(6)
    ours = np.asarray(gradient_of(lambda x: gram_matrix(x, w), tf.constant(F), dG), np.float64)

    def value(x: npt.NDArray[Any]) -> float:
        rows = formulas.as_rows(x) * np.sqrt(formulas.as_rows(w))
        return float(np.sum(formulas.gram(rows) / w.sum() * dG))

    along = np.random.default_rng(0).standard_normal(F.shape)
    assert np.sum(ours * along) == pytest.approx(slope(value, F, along), rel=1e-4)
    assert not np.any(ours[w[..., 0] == 0])


def test_no_gradient_reaches_the_weights() -> None:
    assert gradient(lambda w: tf.reduce_sum(gram_matrix(tf.constant(features()), w)), tf.constant(mask())) is None


@pytest.mark.parametrize(("dtype", "most"), [(tf.bfloat16, 1e-2), (tf.float16, 1e-3)])
def test_a_soft_mask_keeps_the_accuracy_of_the_features(dtype: tf.DType, most: float) -> None:
    F, w, dG = tf.cast(features(40, 40, 8), dtype), mask(40, 40), symmetric(8)
    assert relative_error(gram_matrix(F, w), gram_matrix(tf.cast(F, tf.float32), w)) < most
    ours, expected = (gradient_of(lambda x: gram_matrix(x, w), x, dG) for x in (F, tf.cast(F, tf.float32)))
    assert ours.dtype == dtype
    assert relative_error(ours, expected) < most


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
