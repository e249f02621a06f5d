from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.losses.wasserstein import gaussian, gaussian_target, wasserstein_loss
from tests.nst_engine.losses.arrays import features, gradient, mask, relative_error, slope
from tests.reference import distances
from tests.reference.formulas import as_rows

STYLE = features(6, 6, seed=1)
UNCOUNTED_AND_WEIGHTED = pytest.mark.parametrize("w", [None, mask()], ids=["no mask", "mask"])

_RNG = np.random.default_rng(9)
DMEAN, DS = _RNG.standard_normal(6, np.float32), _RNG.standard_normal((6, 6), np.float32)


def loss(F: Any, S: Any = STYLE) -> Any:
    target = gaussian_target(gaussian(tf.convert_to_tensor(S)))
    return wasserstein_loss(gaussian(tf.convert_to_tensor(F)), target)


def weighted_sum(mean: Any, covariance: Any) -> Any:
    """A scalar that depends on every number of both."""
    return tf.reduce_sum(mean * DMEAN) + tf.reduce_sum(covariance * DS)


def assert_is_slope(ours: Any, value: Callable[[npt.NDArray[Any]], float], F: npt.NDArray[Any]) -> None:
    for seed in range(3):
        along = np.random.default_rng(seed).standard_normal(F.shape)
        assert np.sum(np.asarray(ours, np.float64) * along) == pytest.approx(slope(value, F, along), rel=1e-3)


@UNCOUNTED_AND_WEIGHTED
def test_a_gaussian_is_the_mean_and_the_covariance(w: npt.NDArray[np.float32] | None) -> None:
    F, counted = features(), np.ones(35) if w is None else w.ravel()
    for ours, expected in zip(gaussian(tf.constant(F), w), distances.moments(as_rows(F), counted), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


@UNCOUNTED_AND_WEIGHTED
def test_the_gradient_of_a_gaussian_is_the_slope_of_finite_differences(w: npt.NDArray[np.float32] | None) -> None:
    F, counted = features(), np.ones(35) if w is None else w.ravel()
    ours = gradient(lambda x: weighted_sum(*gaussian(x, w)), tf.constant(F))

    def value(x: npt.NDArray[Any]) -> float:
        mean, covariance = distances.moments(as_rows(x), counted)
        return float(np.sum(mean * DMEAN) + np.sum(covariance * DS))

    assert_is_slope(ours, value, F)


def test_a_mask_of_ones_is_no_mask() -> None:
    F = tf.constant(features())
    for masked, whole in zip(gaussian(F, tf.ones([1, 5, 7, 1])), gaussian(F), strict=True):
        np.testing.assert_allclose(masked, whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16, tf.float16])
def test_an_empty_region_has_zeros_and_no_gradient(dtype: tf.DType) -> None:
    F, nowhere = tf.cast(features(), dtype), tf.zeros([1, 5, 7, 1])
    assert not any(np.any(part) for part in gaussian(F, nowhere))
    assert not np.any(gradient(lambda x: weighted_sum(*gaussian(x, nowhere)), F))


def test_no_gradient_reaches_the_weights() -> None:
    assert gradient(lambda w: weighted_sum(*gaussian(tf.constant(features()), w)), tf.constant(mask())) is None


@pytest.mark.parametrize(("dtype", "most"), [(tf.bfloat16, 1e-2), (tf.float16, 1e-3)])
def test_a_gaussian_of_lower_features_is_exact_and_its_gradient_as_accurate_as_they(
    dtype: tf.DType, most: float
) -> None:
    F = tf.cast(features(40, 40), dtype)
    lifted = tf.cast(F, tf.float32)
    for ours, exact in zip(gaussian(F), gaussian(lifted), strict=True):
        np.testing.assert_array_equal(ours, exact)
    lowered, exact = (gradient(lambda x: weighted_sum(*gaussian(x)), x) for x in (F, lifted))
    assert lowered.dtype == dtype
    assert relative_error(lowered, exact) < most


def test_is_the_formula_for_a_channel_with_a_little_noise() -> None:
    F = features()
    assert loss(F).numpy() == pytest.approx(distances.mean_wasserstein(as_rows(F), as_rows(STYLE)), rel=1e-4)
    assert loss(F).numpy() == pytest.approx(distances.wasserstein(as_rows(F), as_rows(STYLE)) / 6, rel=0.05)


def test_its_gradient_is_the_slope_of_finite_differences() -> None:
    F = features()
    assert_is_slope(gradient(loss, tf.constant(F)), lambda x: distances.mean_wasserstein(as_rows(x), as_rows(STYLE)), F)


@pytest.mark.parametrize(("places", "style_places"), [(3, 36), (35, 3), (3, 3), (1, 1)])
def test_fewer_places_than_channels_still_give_the_formula_and_its_slope(places: int, style_places: int) -> None:
    F, S = features(1, places), features(1, style_places, seed=1)
    assert loss(F, S).numpy() == pytest.approx(distances.mean_wasserstein(as_rows(F), as_rows(S)), rel=1e-4)
    ours = gradient(lambda x: loss(x, S), tf.constant(F))
    assert_is_slope(ours, lambda x: distances.mean_wasserstein(as_rows(x), as_rows(S)), F)


def test_stays_accurate_near_a_style_with_few_strong_directions() -> None:
    rng = np.random.default_rng(0)
    strengths, turn = np.logspace(3, -1, 128), np.linalg.qr(rng.standard_normal((128, 128)))[0]
    S = (rng.standard_normal((1, 16, 16, 128)) * strengths @ turn).astype(np.float32)
    F = S + rng.standard_normal(S.shape, np.float32) * 0.1 * np.abs(S)
    assert loss(F, S).numpy() == pytest.approx(distances.mean_wasserstein(as_rows(F), as_rows(S)), rel=5e-3)


@pytest.mark.parametrize("F", [features(), features(1, 3), features(32, 32, 64)], ids=["few", "deficient", "many"])
def test_is_zero_with_a_finite_gradient_for_the_style_itself(F: npt.NDArray[np.float32]) -> None:
    variance = float(F.var())
    assert abs(loss(F, F).numpy()) < 1e-5 * variance
    assert np.abs(gradient(lambda x: loss(x, F), tf.constant(F))).max() < 1e-3 * variance


@pytest.mark.parametrize("level", [0, 100])
def test_pictures_and_styles_without_any_variance_have_finite_gradients(level: float) -> None:
    flat = np.full((1, 5, 7, 6), level, np.float32)
    for F, S in ((flat, STYLE), (features(), flat), (flat, flat)):
        assert np.isfinite(loss(F, S))
        assert np.all(np.isfinite(gradient(lambda x, S=S: loss(x, S), tf.constant(F))))


def test_grows_with_the_square_of_the_features() -> None:
    assert loss(30 * features(), 30 * STYLE).numpy() == pytest.approx(900 * loss(features()).numpy(), rel=1e-4)


def test_does_not_depend_on_the_number_of_channels_that_say_the_same() -> None:
    F, S = (np.concatenate([array] * 3, axis=3) for array in (features(), STYLE))
    assert loss(F, S).numpy() == pytest.approx(loss(features()).numpy(), rel=0.01)


def test_is_the_mean_square_of_a_shift() -> None:
    assert loss(STYLE + 2, STYLE).numpy() == pytest.approx(4, rel=1e-5)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_lower_features_come_near_to_float32(dtype: tf.DType) -> None:
    F, S = features(32, 32, 64), features(24, 24, 64, seed=1) * 1.5
    exact, lowered = loss(F, S), loss(tf.cast(F, dtype), tf.cast(S, dtype))
    assert lowered.dtype == tf.float32
    assert lowered.numpy() == pytest.approx(exact.numpy(), rel=1e-2)
    gradients = [gradient(lambda x: loss(x, S), tf.cast(F, kind)) for kind in (dtype, tf.float32)]
    assert gradients[0].dtype == dtype
    assert relative_error(*gradients) < 2e-2


def test_float16_features_whose_products_exceed_float16_stay_finite() -> None:
    F = tf.constant(1000 * features(), tf.float16)
    assert loss(F, 1000 * STYLE).numpy() == pytest.approx(1e6 * loss(features()).numpy(), rel=1e-2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_give_a_loss_that_is_not(value: float) -> None:
    F = features()
    F[0, 2, 3, 1] = value
    assert not np.isfinite(loss(F))
    assert not np.isfinite(loss(STYLE, F))


def test_features_whose_products_exceed_float32_give_a_loss_that_is_not_finite() -> None:
    assert not np.isfinite(loss(1e11 * features(), 1e11 * STYLE))


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "XLA"])
def test_works_in_a_loop_where_the_height_and_width_are_unknown(*, compiled: bool) -> None:
    target = gaussian_target(gaussian(tf.constant(STYLE)))

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 6])], jit_compile=compiled)
    def descend(F: Any) -> Any:
        for _ in tf.range(2):
            F -= gradient(lambda x: wasserstein_loss(gaussian(x), target), F)
        return F

    F = expected = tf.constant(features())
    for _ in range(2):
        expected -= gradient(lambda x: wasserstein_loss(gaussian(x), target), expected)
    np.testing.assert_allclose(descend(F), expected, rtol=1e-4, atol=1e-5)
