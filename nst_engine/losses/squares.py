"""Sums and means of squares, by `l2_loss`: its gradient is a product; that of a sum fills a picture before."""

import tensorflow as tf

from nst_engine.types import Tensor


def sum_of_squares(x: Tensor) -> Tensor:
    """`sum(x^2)`, a float32 scalar of float32 numbers."""
    return 2 * tf.nn.l2_loss(x)


def mean_square(x: Tensor) -> Tensor:
    """`mean(x^2)`, a float32 scalar of float32 numbers."""
    return sum_of_squares(x) / tf.cast(tf.size(x), tf.float32)
