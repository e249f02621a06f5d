import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.optimizers.lbfgs_prior import Prior

Pixels = npt.NDArray[np.float32]


def prior_of(height: int, width: int) -> Prior:
    """The prior for pictures of that size."""
    prior = Prior()
    prior.start(height, width)
    return prior


def applied(pixels: Pixels) -> Pixels:
    """The prior times a picture, [height, width, 3]."""
    height, width, _ = pixels.shape
    product: Pixels = prior_of(height, width).times(tf.constant(pixels.ravel())).numpy()
    return product.reshape(pixels.shape)


def bright(pattern: npt.NDArray[np.float64]) -> Pixels:
    """A pattern in brightness, alike in every channel."""
    return np.repeat(pattern[..., np.newaxis], 3, axis=-1).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7), (1, 4), (6, 3)])
def test_it_is_symmetric_and_positive_definite(height: int, width: int) -> None:
    unit = np.eye(height * width * 3, dtype=np.float32)
    matrix = np.stack([applied(row.reshape(height, width, 3)).ravel() for row in unit])
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)
    assert np.linalg.eigvalsh(matrix).min() > 0.1


@pytest.mark.parametrize("cycles", [0, 1, 4, 13, 32])
def test_a_pattern_in_brightness_is_weighed_by_its_frequency(cycles: int) -> None:
    wave = bright(np.cos(2 * np.pi * cycles * np.arange(64) / 64) * np.ones((16, 1)))
    np.testing.assert_allclose(applied(wave), (8 * (cycles / 64 + 0.02)) ** -0.75 * wave, atol=1e-4)


def test_wide_patterns_go_farther_and_narrow_ones_less_far() -> None:
    wide, narrow = (bright(np.cos(np.pi * np.arange(64) / width) * np.ones((16, 1))) for width in (32, 2))
    assert np.abs(applied(wide)).max() > 1.5 * np.abs(wide).max()
    assert np.abs(applied(narrow)).max() < 0.7 * np.abs(narrow).max()


def test_differences_between_the_channels_are_left_as_they_are() -> None:
    pixels = np.random.default_rng(0).standard_normal((9, 12, 3)).astype(np.float32)
    colors = pixels - pixels.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(applied(colors), colors, atol=1e-5)


def test_it_serves_pictures_of_one_size_after_those_of_another() -> None:
    prior, v = prior_of(9, 12), tf.random.stateless_normal([5 * 7 * 3], [0, 0])
    prior.start(5, 7)
    np.testing.assert_array_equal(prior.times(v), prior_of(5, 7).times(v))


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7), (1, 4), (6, 3)])
def test_its_inverse_form_is_that_of_its_matrix(height: int, width: int) -> None:
    prior, v = prior_of(height, width), np.random.default_rng(0).standard_normal(height * width * 3).astype(np.float32)
    matrix = np.stack([prior.times(tf.constant(row)) for row in np.eye(v.size, dtype=np.float32)])
    np.testing.assert_allclose(prior.inverse_form(tf.constant(v)), v @ np.linalg.solve(matrix, v), rtol=1e-5)
