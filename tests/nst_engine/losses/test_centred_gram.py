"""Gram matrices about the style's means: exact, whatever the means, the weights and the dtype."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nst_engine.losses.centred_gram import centred_gram, centred_gram_matrix
from tests.nst_engine.losses.arrays import features, mask, relative_error
from tests.reference import formulas

LOSS = centred_gram()


def target_of(S: Any, w: Any = None) -> Any:
    return LOSS.target(LOSS.summary(tf.constant(S), w))


def loss_of(F: Any, target: Any, w: Any = None) -> Any:
    """Of the matrices, and of the means."""
    return LOSS.loss(LOSS.statistics(tf.constant(F), w, target), target).numpy()


def test_the_loss_is_its_formula() -> None:
    F, S = features(), features(6, 4, 6, seed=5)
    assert loss_of(F, target_of(S)) == pytest.approx(
        formulas.centred_style(formulas.as_rows(F), formulas.as_rows(S)), rel=1e-4
    )


def test_about_its_own_means_it_is_the_covariance() -> None:
    F = features()
    rows = formulas.as_rows(F)
    centred = centred_gram_matrix(tf.constant(F), tf.constant(rows.mean(axis=0), tf.float32))
    np.testing.assert_allclose(centred, np.cov(rows.T, bias=True), rtol=1e-4, atol=1e-6)


def test_a_style_brighter_than_the_picture_is_far_from_it_though_both_vary_alike() -> None:
    S = features()
    assert loss_of(S, target_of(S)) == pytest.approx([0, 0], abs=1e-9)
    assert loss_of(S + 1, target_of(S)) == pytest.approx([1, 1], rel=1e-3)


def test_what_all_features_have_in_common_changes_nothing() -> None:
    F, S = features(), features(6, 4, 6, seed=5)
    assert loss_of(F + 10, target_of(S + 10)) == pytest.approx(loss_of(F, target_of(S)), rel=1e-3)


@pytest.mark.parametrize(("dtype", "most"), [(tf.bfloat16, 2e-2), (tf.float16, 2e-3)])
def test_strong_means_do_not_drown_lower_features(dtype: tf.DType, most: float) -> None:
    F = tf.cast(features(32, 32, 8) + 4, dtype)
    exact = tf.cast(F, tf.float32)
    mean = tf.reduce_mean(exact, axis=[0, 1, 2])
    assert relative_error(centred_gram_matrix(F, mean), centred_gram_matrix(exact, mean)) < most


def test_weights_count_places_more_or_less() -> None:
    S, w = features(), mask()
    expected = np.cov(formulas.as_rows(S).T, aweights=formulas.as_rows(w).ravel(), bias=True)
    np.testing.assert_allclose(target_of(S, w).covariance, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("dtype", "most"), [(tf.bfloat16, 1e-2), (tf.float16, 2e-3)])
def test_means_are_exact_in_lower_precision(dtype: tf.DType, most: float) -> None:
    F, S = (tf.cast(features(64, 64, 8, seed=seed), dtype) for seed in (3, 5))
    ours, exact = (LOSS.statistics(each, None, target_of(S)).shift for each in (F, tf.cast(F, tf.float32)))
    assert relative_error(ours, exact) < most
