"""How far the features of two pictures are apart, place by place (Gatys et al., 2016, section 2.1)."""

import tensorflow as tf

from nst_engine.losses.squares import mean_square
from nst_engine.types import Tensor


def content_loss(F: Tensor, P: Tensor) -> Tensor:
    """`mean((F - P)^2)`.

    Args:
        F: features of the picture, [1, height, width, channels].
        P: features of the content, the same shape.

    Returns:
        A float32 scalar.
    """
    return mean_square(tf.cast(F, tf.float32) - tf.cast(P, tf.float32))


def sum_of_mean(mean: Tensor, P: Tensor) -> Tensor:
    """`sum((F - P)^2)`, the content loss of the `gatys` formulation, from the mean of the squares.

    Differs from Gatys et al. (2016): equation 1 has a factor 1/2; it belongs to the content weight here.

    Args:
        mean: `mean((F - P)^2)`, a scalar.
        P: features of the content, for their number.
    """
    return mean * tf.cast(tf.size(P), tf.float32)
