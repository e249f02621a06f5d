"""How far the features of two pictures are apart, place by place (Gatys et al., 2016, section 2.1)."""

import tensorflow as tf

from nst_engine.types import Tensor


def content_loss(F: Tensor, P: Tensor) -> Tensor:
    """`mean((F - P)^2)`.

    Args:
        F: features of the picture, [1, height, width, channels].
        P: features of the content, the same shape.

    Returns:
        A float32 scalar.
    """
    return tf.reduce_mean(_squared_difference(F, P))


def gatys_content_loss(F: Tensor, P: Tensor) -> Tensor:
    """`sum((F - P)^2)`, with the arguments of `content_loss`.

    Differs from Gatys et al. (2016): equation 1 has a factor 1/2; it belongs to the content weight here.
    """
    return tf.reduce_sum(_squared_difference(F, P))


def _squared_difference(F: Tensor, P: Tensor) -> Tensor:
    return tf.math.squared_difference(tf.cast(F, tf.float32), tf.cast(P, tf.float32))
