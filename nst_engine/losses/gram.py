"""Gram matrices of features, and how far two of them are apart (Gatys et al., 2016, section 2.2)."""

from collections.abc import Callable

import tensorflow as tf

from nst_engine.types import Tensor

_ROWS = 1024
"""Rows that one bfloat16 product sums up; the products are summed in float32."""


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def gram_matrix(F: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """`G = F^T F / M`, the features `F` as [M, N]: M places, N channels.

    Differs from Gatys et al. (2016): equation 3 does not divide by M. With it, pictures of different sizes
    have comparable matrices.

    float16 features are multiplied in float32, since VGG's products exceed float16's 65504. bfloat16 features are
    multiplied as they are, in groups of rows whose products are summed in float32: faster, and nearer
    to the float32 result than one bfloat16 product.

    Args:
        F: features, [1, height, width, N].

    Returns:
        [N, N], float32.
    """
    channels = F.shape[-1]
    rows = tf.reshape(F, [-1, channels])
    M = tf.cast(tf.shape(rows)[0], tf.float32)

    def gradient(dG: Tensor) -> Tensor:
        symmetric = (dG + tf.transpose(dG)) / M
        dtype = tf.float32 if F.dtype == tf.float16 else F.dtype
        dF = tf.matmul(tf.cast(rows, dtype), tf.cast(symmetric, dtype))
        return tf.cast(tf.reshape(dF, tf.shape(F)), F.dtype)

    return _product(rows) / M, gradient


def _product(rows: Tensor) -> Tensor:
    if rows.dtype != tf.bfloat16:
        rows = tf.cast(rows, tf.float32)
        return tf.matmul(rows, rows, transpose_a=True)
    padding = -tf.shape(rows)[0] % _ROWS
    groups = tf.reshape(tf.pad(rows, [[0, padding], [0, 0]]), [-1, _ROWS, rows.shape[-1]])
    return tf.reduce_sum(tf.cast(tf.matmul(groups, groups, transpose_a=True), tf.float32), axis=0)


def style_loss(G: Tensor, A: Tensor) -> Tensor:
    """`mean((G - A)^2)`.

    Args:
        G: Gram matrix of the picture, [N, N], float32.
        A: Gram matrix of the style, the same shape.

    Returns:
        A float32 scalar.
    """
    return tf.reduce_mean(tf.math.squared_difference(G, A))


def gatys_style_loss(G: Tensor, A: Tensor) -> Tensor:
    """`sum((G - A)^2) / (4 N^2)`, with the arguments of `style_loss`: equation 4 of Gatys et al. (2016).

    The equation's 1/M^2 is in the matrices, each divided by its own picture's M: for pictures of one size
    this is the equation itself, for others its only reading.
    """
    N = tf.cast(tf.shape(G)[0], tf.float32)
    return tf.reduce_sum(tf.math.squared_difference(G, A)) / (4 * N**2)
