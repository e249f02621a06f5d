from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.losses.neighbours import neighbour_loss, neighbour_targets
from tests.nst_engine.losses.arrays import features, gradient, relative_error, slope
from tests.reference import distances
from tests.reference.formulas import as_rows

STYLE = features(6, 8, seed=1)


def ones(F: Any) -> Any:
    """The weights of a picture without regions."""
    return tf.ones_like(F[..., :1], tf.float32)


def loss(F: Any, S: Any = STYLE) -> Any:
    F = tf.convert_to_tensor(F)
    return neighbour_loss(F, ones(F), neighbour_targets(tf.convert_to_tensor(S)))


def test_is_the_mean_distance_to_the_nearest_place() -> None:
    F = features()
    assert loss(F).numpy() == pytest.approx(distances.neighbours(as_rows(F), as_rows(STYLE)), rel=1e-4)


def test_its_gradient_is_the_slope_of_finite_differences() -> None:
    F = features()
    ours = np.asarray(gradient(loss, tf.constant(F)), np.float64)
    for seed in range(3):
        along = np.random.default_rng(seed).standard_normal(F.shape)
        expected = slope(lambda x: distances.neighbours(as_rows(x), as_rows(STYLE)), F, along)
        assert np.sum(ours * along) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_a_descent_comes_near_to_the_style() -> None:
    F = tf.constant(features())
    before = loss(F).numpy()
    for _ in range(100):
        F -= 5 * gradient(loss, F)
    assert loss(F).numpy() < 0.1 * before


def test_is_zero_with_a_finite_gradient_for_the_style_itself() -> None:
    F = features(64, 50)
    assert abs(loss(F, F).numpy()) < 1e-5
    assert np.abs(gradient(lambda x: loss(x, F), tf.constant(F))).max() < 1e-5


def test_depends_on_neither_scale_nor_shift_of_the_features() -> None:
    assert loss(7 * features() + 1).numpy() == pytest.approx(loss(features()).numpy(), rel=1e-4)


@pytest.mark.parametrize(("height", "width"), [(1, 1023), (32, 32), (25, 41), (32, 64), (3, 683)])
def test_chunks_of_1024_places_leave_none_out_and_add_none(height: int, width: int) -> None:
    F = features(height, width)
    nearest = (distances.directions(as_rows(F)) @ distances.directions(as_rows(STYLE)).T).max(axis=1)
    assert loss(F).numpy() == pytest.approx(1 - nearest.mean(), rel=1e-4)


def test_a_large_style_is_searched_at_64_by_64_places_spread_evenly() -> None:
    S = features(128, 192, 3)
    expected = distances.directions(as_rows(S)).reshape(128, 192, 3)[1::2, 1::3].reshape(-1, 3)
    np.testing.assert_allclose(neighbour_targets(tf.constant(S)), expected, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (64, 64), (63, 65), (200, 30)])
def test_every_style_has_targets_of_one_shape(shape: tuple[int, int]) -> None:
    assert neighbour_targets(tf.constant(features(*shape))).shape == (4096, 6)


@pytest.mark.parametrize("shape", [(5, 7), (64, 64), (50, 64)])
def test_a_small_style_is_searched_whole(shape: tuple[int, int]) -> None:
    S = features(*shape)
    found = np.unique(neighbour_targets(tf.constant(S)), axis=0)
    assert len(found) == len(np.unique(as_rows(S), axis=0))


def test_lengths_of_targets_are_1() -> None:
    np.testing.assert_allclose(np.linalg.norm(neighbour_targets(tf.constant(STYLE)), axis=1), 1, atol=1e-4)


def test_features_within_a_thousandth_of_their_size_from_their_mean_have_little_direction() -> None:
    S = features(64, 64) + 500
    rows = as_rows(S)
    centred, faint = rows - rows.mean(axis=0), 1e-6 * np.mean(np.sum(rows**2, axis=1))
    expected = centred / np.sqrt(np.sum(centred**2, axis=1, keepdims=True) + faint)
    assert np.linalg.norm(expected, axis=1).max() < 0.99
    np.testing.assert_allclose(neighbour_targets(tf.constant(S)), expected, atol=1e-3)


@pytest.mark.parametrize("level", [0, 100])
def test_pictures_and_styles_of_one_colour_have_finite_gradients(level: float) -> None:
    flat = np.full((1, 5, 7, 6), level, np.float32)
    for F, S in ((flat, STYLE), (features(), flat), (flat, flat)):
        assert np.isfinite(loss(F, S))
        assert np.all(np.isfinite(gradient(lambda x, S=S: loss(x, S), tf.constant(F))))


@pytest.mark.parametrize(("dtype", "most"), [(tf.bfloat16, 0.1), (tf.float16, 0.02)])
def test_lower_features_come_near_to_float32(dtype: tf.DType, most: float) -> None:
    F = tf.cast(features(16, 16), dtype)
    assert loss(F).dtype == tf.float32
    assert loss(F).numpy() == loss(tf.cast(F, tf.float32)).numpy()
    lowered, exact = (gradient(loss, x) for x in (F, tf.cast(F, tf.float32)))
    assert lowered.dtype == dtype
    assert relative_error(lowered, exact) < most


def test_float16_features_whose_squares_exceed_float16_stay_finite() -> None:
    F = tf.constant(1000 * features(), tf.float16)
    assert loss(F).numpy() == pytest.approx(loss(features()).numpy(), rel=1e-2)


def test_no_gradient_reaches_the_target() -> None:
    assert gradient(lambda S: loss(features(), S), tf.constant(STYLE)) is None


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "XLA"])
def test_works_in_a_loop_where_the_height_and_width_are_unknown(*, compiled: bool) -> None:
    target = neighbour_targets(tf.constant(STYLE))

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 6])], jit_compile=compiled)
    def descend(F: Any) -> Any:
        for _ in tf.range(2):
            F -= gradient(lambda x: neighbour_loss(x, ones(x), target), F)
        return F

    F: npt.NDArray[np.float32] = features(33, 40)
    expected = tf.constant(F)
    for _ in range(2):
        expected -= gradient(lambda x: neighbour_loss(x, ones(x), target), expected)
    np.testing.assert_allclose(descend(F), expected, rtol=1e-4, atol=1e-5)
