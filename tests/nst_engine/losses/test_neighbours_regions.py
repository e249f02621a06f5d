"""The loss of nearest neighbours in a region, of the picture or of the style, and among several styles."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.losses.neighbours import neighbour_loss, neighbour_targets, pool_targets
from tests.nst_engine.losses.arrays import features, gradient, mask, relative_error, slope
from tests.reference import distances
from tests.reference.formulas import as_rows

STYLE = features(6, 8, seed=1)
TARGET = neighbour_targets(tf.constant(STYLE))


def half(height: int = 6, width: int = 8) -> npt.NDArray[np.float32]:
    """Weights of the left half."""
    weights = np.zeros((1, height, width, 1), np.float32)
    weights[:, :, : width // 2] = 2
    return weights


def alone(F: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The features of the weighted places, as one row of places."""
    return F[weights[..., 0] > 0][np.newaxis, np.newaxis]


# ---------------------------------------------------------------- the style


def test_a_region_of_the_style_is_searched_at_its_places_only() -> None:
    found = np.unique(neighbour_targets(tf.constant(STYLE), half()).numpy().round(4), axis=0)
    expected = np.unique(distances.directions(as_rows(STYLE[:, :, :4])).round(4), axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_places_outside_of_the_region_change_no_target() -> None:
    other = np.concatenate([STYLE[:, :, :4], 9 * features(6, 4, seed=8)], axis=2)
    target, its = (neighbour_targets(tf.constant(S), half()).numpy() for S in (STYLE, other))
    assert np.abs(target).max() > 0.1
    cosines = its @ target.T
    np.testing.assert_allclose(cosines.max(axis=1), 1, atol=1e-2)


def test_places_of_less_than_half_the_greatest_weight_are_no_targets() -> None:
    weights = np.ones((1, 6, 8, 1), np.float32)
    weights[:, :, 4:] = 0.4
    F = tf.constant(STYLE)
    found = neighbour_targets(F, weights / weights.mean())
    assert len(np.unique(found, axis=0)) == len(np.unique(as_rows(STYLE[:, :, :4]), axis=0))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_places_of_half_the_greatest_weight_or_more_are_targets(share: float) -> None:
    weights = np.ones((1, 6, 8, 1), np.float32)
    weights[:, :, 4:] = share
    found = neighbour_targets(tf.constant(STYLE), weights / weights.max())
    assert len(np.unique(found, axis=0)) == len(np.unique(as_rows(STYLE), axis=0))


def test_a_mask_of_ones_searches_the_places_that_no_mask_does() -> None:
    found, expected = (
        np.unique(neighbour_targets(tf.constant(STYLE), w), axis=0) for w in (tf.ones([1, 6, 8, 1]), None)
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 2), (64, 64), (100, 90)])
def test_every_region_has_targets_of_the_shape_of_every_style(shape: tuple[int, int]) -> None:
    targets = neighbour_targets(tf.constant(features(*shape)), half(*shape))
    assert targets.shape == (4096, 6)
    assert len(np.unique(targets, axis=0)) <= shape[0] * shape[1] / 2


def test_a_large_region_is_searched_at_4096_places_spread_evenly() -> None:
    S = features(128, 128, 3)
    places = distances.directions(as_rows(S[:, :, :64]))
    np.testing.assert_allclose(neighbour_targets(tf.constant(S), half(128, 128)), places[1::2], atol=1e-3)


@pytest.mark.parametrize("weights", [[1.0], [0.25, 0.75], [0.5, 0.2, 0.3], [1 / 3, 1 / 3, 1 / 3]])
def test_pooled_styles_have_places_by_their_weights_and_4096_together(weights: list[float]) -> None:
    targets = [tf.fill([4096, 2], float(style)) for style in range(len(weights))]
    pooled = pool_targets(targets, weights).numpy()
    assert pooled.shape == (4096, 2)
    counts = [int(np.sum(pooled[:, 0] == style)) for style in range(len(weights))]
    assert counts == pytest.approx([4096 * weight for weight in weights], abs=1)


def test_the_places_of_a_pooled_style_are_spread_evenly() -> None:
    places = tf.tile(tf.range(4096.0)[:, tf.newaxis], [1, 2])
    pooled = pool_targets([places, -places], [0.25, 0.75]).numpy()[:, 0]
    np.testing.assert_array_equal(pooled[:1024], np.arange(2, 4096, 4))
    assert np.abs(np.diff(pooled[1024:])).max() <= 2


# ---------------------------------------------------------------- the picture


def test_is_the_weighted_mean_of_distances_from_the_weighted_mean() -> None:
    F, w = features(), mask()
    expected = distances.neighbours(as_rows(F), as_rows(STYLE), w.ravel())
    assert neighbour_loss(tf.constant(F), w, TARGET).numpy() == pytest.approx(expected, rel=1e-4)
    assert expected != pytest.approx(distances.neighbours(as_rows(F), as_rows(STYLE)), rel=1e-3)


def test_its_weighted_gradient_is_the_slope_of_finite_differences() -> None:
    F, w = features(), mask()
    ours = np.asarray(gradient(lambda x: neighbour_loss(x, w, TARGET), tf.constant(F)), np.float64)
    for seed in range(3):
        along = np.random.default_rng(seed).standard_normal(F.shape)
        expected = slope(lambda x: distances.neighbours(as_rows(x), as_rows(STYLE), w.ravel()), F, along)
        assert np.sum(ours * along) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_a_region_of_the_picture_has_the_loss_and_the_gradient_of_its_places_alone() -> None:
    F, w = features(6, 8), half()
    apart = alone(F, w)
    ones = tf.ones_like(apart[..., :1])
    assert neighbour_loss(F, w, TARGET).numpy() == pytest.approx(neighbour_loss(apart, ones, TARGET).numpy(), rel=1e-3)
    ours = gradient(lambda x: neighbour_loss(x, w, TARGET), tf.constant(F)).numpy()
    expected = gradient(lambda x: neighbour_loss(x, ones, TARGET), tf.constant(apart))
    assert relative_error(alone(ours, w), expected) < 1e-2
    assert not np.any(ours[:, :, 4:])


def test_no_gradient_reaches_the_weights() -> None:
    F = tf.constant(features())
    assert gradient(lambda w: neighbour_loss(F, w, TARGET), tf.constant(mask())) is None


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_lower_features_of_a_region_keep_their_dtype_in_the_gradient(dtype: tf.DType) -> None:
    F, w = tf.cast(features(16, 16), dtype), half(16, 16)
    lowered, exact = (gradient(lambda x: neighbour_loss(x, w, TARGET), x) for x in (F, tf.cast(F, tf.float32)))
    assert lowered.dtype == dtype
    assert relative_error(lowered, exact) < 0.1
