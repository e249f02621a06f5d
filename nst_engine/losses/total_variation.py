"""Total variation: how much neighbouring pixels differ (Rudin et al., 1992; Mahendran and Vedaldi, 2015)."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.losses.squares import mean_square, sum_of_squares
from nst_engine.types import Tensor

_OPPONENT = (np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]).T / np.sqrt([3, 2, 6])).astype(np.float32)
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
    return tf.add_n([tf.linalg.diag_part(_along(_OPPONENT, difference)) for difference in _differences(x)])


def _along(axes: npt.NDArray[np.float32], x: Tensor) -> Tensor:
    """The mean products of pixels along axes of colour, [3, 3]: turning the products is faster than turning pixels."""
    rows = tf.reshape(x, [-1, 3])
    products = tf.matmul(rows, rows, transpose_a=True) / tf.cast(tf.shape(rows)[0], tf.float32)
    return tf.matmul(axes, tf.matmul(products, axes), transpose_a=True)


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
