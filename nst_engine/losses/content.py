"""The distance of two pictures' features, place by place (Gatys et al., 2016, section 2.1)."""

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

    Differs from Gatys et al. (2016): the factor 1/2 of equation 1 is left to the content weight.

    Args:
        mean: `mean((F - P)^2)`, a scalar.
        P: features of the content; only their number is used.
    """
    return mean * tf.cast(tf.size(P), tf.float32)


def spatial_variance(P: Tensor) -> Tensor:
    """The variance of features over places, its mean over channels: `mean((P - mean_places(P))^2)`.

    Args:
        P: features, [1, height, width, channels].

    Returns:
        A float32 scalar.
    """
    P = tf.cast(P, tf.float32)
    return mean_square(P - tf.reduce_mean(P, axis=[1, 2], keepdims=True))
