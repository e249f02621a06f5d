from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nst_engine.losses.wasserstein import gaussian_target, moments, style_moments, wasserstein_loss
from tests.nst_engine.losses.arrays import features, gradient, mask, relative_error, slope
from tests.reference import distances
from tests.reference.formulas import as_rows

STYLE = features(6, 6, seed=1)
UNCOUNTED_AND_WEIGHTED = pytest.mark.parametrize("w", [None, mask()], ids=["no mask", "mask"])

_RNG = np.random.default_rng(9)
DMEAN, DS = _RNG.standard_normal(6, np.float32), _RNG.standard_normal((6, 6), np.float32)


def loss(F: Any, S: Any = STYLE, w: Any = None, style_w: Any = None) -> Any:
    target = gaussian_target(style_moments(tf.convert_to_tensor(S), style_w))
    return wasserstein_loss(moments(tf.convert_to_tensor(F), w, target.mean), target)


def gaussian(F: Any, w: Any = None) -> tuple[Any, Any]:
    """The mean and the covariance of features, by their moments about an origin that is not their mean."""
    origin = tf.linspace(0.0, 1.0, F.shape[-1])
    read = moments(F, w, origin)
    return origin + read.shift, read.covariance


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
    assert not any(np.any(part) for part in moments(F, nowhere, tf.ones([6])))
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


PLACES = np.random.default_rng(5).random((1, 40, 40, 1), np.float32)


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize("w", [None, PLACES / PLACES.mean()], ids=["no mask", "mask"])
@given(levels=arrays.arrays(np.float32, 6, elements=st.floats(0, 2**13, width=16)))
def test_features_that_are_alike_at_all_places_have_no_covariance(
    dtype: tf.DType, w: Any, levels: npt.NDArray[np.float32]
) -> None:
    flat = tf.cast(np.broadcast_to(levels, (1, 40, 40, 6)), dtype)
    target = gaussian_target(style_moments(flat, w))
    np.testing.assert_allclose(target.covariance, 0, atol=1e-6)
    np.testing.assert_allclose(moments(flat, w, target.mean).covariance, 0, atol=1e-6)
    assert 0 <= loss(flat, flat, w, w) < 1e-6


@given(mean=st.floats(0, 1e4))
def test_a_mean_far_from_zero_costs_no_accuracy(mean: float) -> None:
    F, S = (np.float32(mean) + np.round(64 * array) / 64 for array in (features(), STYLE))
    exact = distances.mean_wasserstein(as_rows(F.astype(np.float64)), as_rows(S.astype(np.float64)))
    assert loss(F, S).numpy() == pytest.approx(exact, rel=1e-3)


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e4), change=st.floats(0, 1e-3))
def test_is_never_negative_however_alike_the_pictures_are(seed: int, scale: float, change: float) -> None:
    S = scale * features(12, 12, 16, seed=seed % 1000)
    assert loss(S * np.float32(1 + change), S).numpy() >= 0


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
    target = gaussian_target(style_moments(tf.constant(STYLE), None))

    def value(F: Any) -> Any:
        return wasserstein_loss(moments(F, None, target.mean), target)

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 6])], jit_compile=compiled)
    def descend(F: Any) -> Any:
        for _ in tf.range(2):
            F -= gradient(value, F)
        return F

    F = expected = tf.constant(features())
    for _ in range(2):
        expected -= gradient(value, expected)
    np.testing.assert_allclose(descend(F), expected, rtol=1e-4, atol=1e-5)
