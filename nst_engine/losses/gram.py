"""Gram matrices of features, and the distance of two of them (Gatys et al., 2016, section 2.2)."""

from collections.abc import Callable

import tensorflow as tf

from nst_engine.losses.style_losses import StyleLoss, identity, weighted_mean
from nst_engine.types import Tensor

STYLE_SCOPE = "style_loss"
"""Name scope of the style losses and their gradients, so that a profile can find them."""

_ROWS = 1024
"""Rows that one bfloat16 product sums; the products are then summed in float32."""


def gram_matrix(F: Tensor, weights: Tensor | None = None) -> Tensor:
    """`G = F^T diag(w) F / M`, the features `F` as [M, N]: M places, N channels.

    Differs from Gatys et al. (2016): equation 3 does not divide by M. The division makes the matrices of pictures of
    different sizes comparable, and of regions of different areas, since a region's weights have the mean 1.

    float16 features are multiplied in float32, since VGG's products exceed float16's 65504. bfloat16 features are
    multiplied in bfloat16, in groups of rows whose products are summed in float32: this is faster, and nearer
    to the float32 result than one bfloat16 product.

    Args:
        F: features, [1, height, width, N].
        weights: a region's mask, [1, height, width, 1], at least 0, its mean over the picture 1. None weights each
            place by 1.

    Returns:
        [N, N], float32; zeros if there are no places. No gradient reaches the weights.
    """
    rows, _, M = weighted_rows(F, weights)
    return _gram(rows, M)


def weighted_rows(F: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Rows for the products of weighted features, from the arguments of `gram_matrix`.

    Returns:
        `diag(sqrt(w)) F`, [M, N], in the dtype of `F`; `sqrt(w)`, [M], float32; M, a float32 scalar.
    """
    rows = tf.reshape(F, [-1, F.shape[-1]])
    M = tf.shape(rows)[0]
    if weights is None:
        return rows, tf.ones([M]), tf.cast(M, tf.float32)
    roots = tf.stop_gradient(tf.sqrt(tf.reshape(tf.cast(weights, tf.float32), [-1])))
    return rows * tf.cast(roots, rows.dtype)[:, tf.newaxis], roots, tf.cast(M, tf.float32)


def rows_times(rows: Tensor, matrix: Tensor) -> Tensor:
    """`rows matrix`: the gradient of the rows, from the gradient of their product.

    Args:
        rows: [M, N].
        matrix: [N, N], float32.

    Returns:
        [M, N]; float32 for float16 rows, whose products exceed its range, else in the dtype of the rows.
    """
    dtype = tf.float32 if rows.dtype == tf.float16 else rows.dtype
    with tf.name_scope(STYLE_SCOPE):
        return tf.matmul(tf.cast(rows, dtype), tf.cast(matrix, dtype))


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def _gram(rows: Tensor, M: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, None]]]:
    def gradient(dG: Tensor) -> tuple[Tensor, None]:
        symmetric = tf.math.divide_no_nan(dG + tf.transpose(dG), M)
        return tf.cast(rows_times(rows, symmetric), rows.dtype), None

    return tf.math.divide_no_nan(_product(rows), M), gradient


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

    The equation's 1/M^2 is already in the matrices, each divided by the M of its own picture. For two pictures of
    one size this is the equation itself; for others the equation defines no M.
    """
    N = tf.cast(tf.shape(G)[0], tf.float32)
    return tf.reduce_sum(tf.math.squared_difference(G, A)) / (4 * N**2)


def mean_gram() -> StyleLoss:
    """Builds the style loss of Gram matrices as means."""
    return _of_gram_matrices(style_loss)


def gatys_gram() -> StyleLoss:
    """Builds the style loss of Gram matrices as the sums of Gatys et al. (2016)."""
    return _of_gram_matrices(gatys_style_loss)


def _of_gram_matrices(loss: Callable[[Tensor, Tensor], Tensor]) -> StyleLoss:
    def statistics(F: Tensor, w: Tensor | None, _A: Tensor) -> Tensor:
        return gram_matrix(F, w)

    return StyleLoss(
        summary=gram_matrix,
        pooled=weighted_mean,
        target=identity,
        statistics=statistics,
        loss=loss,
        empty=tf.zeros_like,
    )
