"""Sums and means of squares, by `l2_loss`: its gradient is one product, without a filled tensor as for a sum."""

import tensorflow as tf

from nst_engine.types import Tensor


def sum_of_squares(x: Tensor) -> Tensor:
    """`sum(x^2)` of float32 numbers, a float32 scalar."""
    return 2 * tf.nn.l2_loss(x)


def mean_square(x: Tensor) -> Tensor:
    """`mean(x^2)` of float32 numbers, a float32 scalar."""
    return sum_of_squares(x) / tf.cast(tf.size(x), tf.float32)
