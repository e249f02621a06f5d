"""Total variation: how much neighbouring pixels differ (Rudin et al., 1992; Mahendran and Vedaldi, 2015)."""

import numpy as np
import tensorflow as tf

from nst_engine.losses.squares import mean_square, sum_of_squares
from nst_engine.types import Tensor

_OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], np.float32).T / np.sqrt(np.array([3, 2, 6], np.float32))
"""Orthonormal axes, in columns: brightness, red against green, yellow against blue."""


def total_variation(x: Tensor) -> Tensor:
    """`mean((x[i+1, j] - x[i, j])^2) + mean((x[i, j+1] - x[i, j])^2)`.

    This is the squared variant, beta = 2 in Mahendran and Vedaldi (2015, section 3.2).

    Args:
        x: pixels, [1, height, width, 3], float32, in [0, 255]; height and width at least 2.

    Returns:
        A float32 scalar.
    """
    down, right = _differences(x)
    return mean_square(down) + mean_square(right)


def opponent_variation(x: Tensor) -> Tensor:
    """`total_variation` of the brightness and of two differences of colours, for the argument of `total_variation`.

    The three are orthonormal axes of RGB: red + green + blue, red - green, and red + green - 2 blue. Noise of single
    pixels differs mostly in colour; neighbours in a painting differ mostly in brightness.

    Returns:
        [3], float32; their mean is the `total_variation`, which no turn of the colour axes changes.
    """
    colours = tf.reshape(tf.matmul(tf.reshape(x, [-1, 3]), _OPPONENT), tf.shape(x))
    return tf.add_n([tf.reduce_mean(tf.square(difference), axis=[0, 1, 2]) for difference in _differences(colours)])


def gatys_total_variation(x: Tensor) -> Tensor:
    """`sum((x[i+1, j] - x[i, j])^2) + sum((x[i, j+1] - x[i, j])^2)`, with the argument of `total_variation`."""
    down, right = _differences(x)
    return sum_of_squares(down) + sum_of_squares(right)


def _differences(x: Tensor) -> tuple[Tensor, Tensor]:
    """Differences down and to the right. `tf.slice` has a fast gradient; `x[:, 1:]` takes four times as long."""
    _, height, width, _ = tf.unstack(tf.shape(x))
    down = tf.slice(x, [0, 1, 0, 0], [-1, -1, -1, -1]) - tf.slice(x, [0, 0, 0, 0], [-1, height - 1, -1, -1])
    right = tf.slice(x, [0, 0, 1, 0], [-1, -1, -1, -1]) - tf.slice(x, [0, 0, 0, 0], [-1, -1, width - 1, -1])
    return down, right
