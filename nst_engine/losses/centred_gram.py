"""Gram matrices about the style's own means: how features vary together, apart from how strong they are.

Features are never negative, and most of a Gram matrix is the product of their means: to match colours and brightness
nearly suffices. About the means the patterns weigh as much as they vary.
"""

import tensorflow as tf

from nst_engine.losses.gram import gram_matrix, style_loss
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


def centred_gram() -> StyleLoss:
    """Builds the style loss of Gram matrices about the style's means."""

    def statistics(F: Tensor, w: Tensor | None, target: Gaussian) -> Tensor:
        return centred_gram_matrix(F, target.mean, w)

    return StyleLoss(
        summary=style_moments,
        pooled=weighted_mean,
        target=gaussian_of,
        statistics=statistics,
        loss=lambda G, target: style_loss(G, target.covariance),
        empty=lambda target: tf.zeros_like(target.covariance),
    )
