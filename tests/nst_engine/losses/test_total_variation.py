import numpy as np
import pytest
import tensorflow as tf

from nst_engine.losses.total_variation import gatys_total_variation, opponent_variation, total_variation
from tests.nst_engine.small import noise_pixels
from tests.reference import formulas

PICTURE = noise_pixels(11, 7).astype(np.float32)


def test_is_the_mean_square_down_and_to_the_right() -> None:
    expected = formulas.mean_variation(PICTURE)
    assert total_variation(tf.constant(PICTURE[np.newaxis])).numpy() == pytest.approx(expected, rel=1e-6)


def test_the_sum_adds_every_squared_difference() -> None:
    expected = formulas.gatys_variation(PICTURE)
    assert gatys_total_variation(tf.constant(PICTURE[np.newaxis])).numpy() == pytest.approx(expected, rel=1e-6)


def test_is_zero_for_a_picture_of_one_colour() -> None:
    picture = tf.fill([1, 4, 5, 3], 99.0)
    assert total_variation(picture).numpy() == gatys_total_variation(picture).numpy() == 0


def test_counts_both_directions_alike() -> None:
    turned = PICTURE.transpose(1, 0, 2)
    upright, sideways = (total_variation(tf.constant(picture[np.newaxis])) for picture in (PICTURE, turned))
    assert upright.numpy() == pytest.approx(sideways.numpy(), rel=1e-6)


def test_the_variation_of_opponent_colours_is_the_same_in_all() -> None:
    picture = tf.constant(PICTURE[np.newaxis])
    assert tf.reduce_mean(opponent_variation(picture)).numpy() == pytest.approx(
        total_variation(picture).numpy(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("colour", "axis"),
    [((1, 1, 1), 0), ((1, -1, 0), 1), ((1, 1, -2), 2)],
    ids=["brightness", "red-green", "yellow-blue"],
)
def test_each_opponent_colour_has_a_variation_of_its_own(colour: tuple[int, ...], axis: int) -> None:
    noise = PICTURE[..., :1] * np.array(colour, np.float32)
    variations = opponent_variation(tf.constant(noise[np.newaxis])).numpy()
    assert variations[axis] > 0
    np.testing.assert_allclose(np.delete(variations, axis), 0, atol=1e-3 * variations[axis])
