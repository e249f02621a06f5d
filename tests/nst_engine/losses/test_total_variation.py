import numpy as np
import pytest
import tensorflow as tf

from nst_engine.losses.total_variation import gatys_total_variation, total_variation
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
