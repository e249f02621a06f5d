"""Gram matrices about the style's own means, and the means: how features vary together, apart from how strong they are.

Features are never negative, and most of a Gram matrix is the product of their means: to match colours and brightness
nearly suffices. About the means the patterns weigh as much as they vary, and the means, which are colours in the first
layers, are a part of their own: products of products of a difference hardly feel it once it is small.
"""

from typing import NamedTuple

import tensorflow as tf

from nst_engine.losses.gram import gram_matrix, style_loss, weighted_rows
from nst_engine.losses.squares import mean_square
from nst_engine.losses.style_losses import StyleLoss, weighted_mean
from nst_engine.losses.wasserstein import Gaussian, gaussian_of, style_moments
from nst_engine.types import Tensor


def centred_gram_matrix(F: Tensor, mean: Tensor, weights: Tensor | None = None) -> Tensor:
    """The Gram matrix of `F - mean`, [N, N], float32: the covariance, if `mean` is that of the features.

    Where it is not, the matrix is farther from any covariance, so that a loss of these matrices compares means too.

    Args:
        F: features, [1, height, width, N].
        mean: [N], float32.
        weights: as for `gram_matrix`.
    """
    return gram_matrix(F - tf.cast(mean, F.dtype), weights)


class CentredMeans(NamedTuple):
    """Means over places of features less the style's mean: of their products, [N, N], and of themselves, [N]."""

    gram: Tensor
    shift: Tensor


def centred_gram() -> StyleLoss:
    """Builds the style loss of Gram matrices about the style's means, and of the means themselves, as two parts."""

    def statistics(F: Tensor, w: Tensor | None, target: Gaussian) -> CentredMeans:
        return CentredMeans(centred_gram_matrix(F, target.mean, w), _shift(F, target.mean, w))

    return StyleLoss(
        summary=style_moments,
        pooled=weighted_mean,
        target=gaussian_of,
        statistics=statistics,
        loss=centred_loss,
        empty=lambda target: CentredMeans(tf.zeros_like(target.covariance), tf.zeros_like(target.mean)),
    )


def centred_loss(picture: CentredMeans, target: Gaussian) -> Tensor:
    """The mean squares by which the Gram matrices about the style's mean, and the means, differ, [2], float32."""
    return tf.stack([style_loss(picture.gram, target.covariance), mean_square(picture.shift)])


def _shift(F: Tensor, mean: Tensor, weights: Tensor | None) -> Tensor:
    """The weighted mean of features less a mean, [N], float32; the mean is not rounded to the features' dtype."""
    rounded = tf.cast(mean, F.dtype)
    rows, roots, M = weighted_rows(F - rounded, weights)
    dtype = tf.float32 if F.dtype == tf.float16 else F.dtype  # sums exceed float16's range
    total = tf.linalg.matvec(tf.cast(rows, dtype), tf.cast(roots, dtype), transpose_a=True)
    return tf.math.divide_no_nan(tf.cast(total, tf.float32), M) + (tf.cast(rounded, tf.float32) - mean)
