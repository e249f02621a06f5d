"""The style losses that there are, under one roof: what each keeps of a style, reads of a picture, and compares."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from nst_engine.losses.gram import gatys_style_loss, gram_matrix, style_loss
from nst_engine.losses.neighbours import neighbour_loss, neighbour_targets
from nst_engine.losses.wasserstein import Gaussian, GaussianTarget, gaussian, gaussian_target, wasserstein_loss
from nst_engine.types import Tensor


@dataclass(frozen=True, kw_only=True)
class StyleLoss:
    """A style loss of one layer, `F` its features [1, h, w, N].

    Attributes:
        target: `F` of the style to what is kept of it.
        statistics: `F` of the picture and the target to means over places, so that those of tiles add up. (Those of
            the nearest neighbours do not: features are compared about their own mean. They are refused tiles.)
        loss: these means and the target to a float32 scalar.
        empty: the target to statistics of no place at all.
    """

    target: Callable[[Tensor], Any]
    statistics: Callable[[Tensor, Any], Any]
    loss: Callable[[Any, Any], Tensor]
    empty: Callable[[Any], Any]


class Moments(NamedTuple):
    """Means over places: of features, [N], and of their products, [N, N]."""

    mean: Tensor
    product: Tensor


def _moments(F: Tensor, _target: GaussianTarget) -> Moments:
    mean, covariance = gaussian(F)
    return Moments(mean=mean, product=covariance + mean[:, tf.newaxis] * mean)


def _wasserstein(moments: Moments, target: GaussianTarget) -> Tensor:
    covariance = moments.product - moments.mean[:, tf.newaxis] * moments.mean
    return wasserstein_loss(Gaussian(mean=moments.mean, covariance=covariance), target)


def _gram(F: Tensor, _A: Tensor) -> Tensor:
    return gram_matrix(F)


STYLE_LOSSES = {
    ("gram", "mean"): StyleLoss(target=gram_matrix, statistics=_gram, loss=style_loss, empty=tf.zeros_like),
    ("gram", "gatys"): StyleLoss(target=gram_matrix, statistics=_gram, loss=gatys_style_loss, empty=tf.zeros_like),
    ("wasserstein", "mean"): StyleLoss(
        target=lambda F: gaussian_target(gaussian(F)),
        statistics=_moments,
        loss=_wasserstein,
        empty=lambda target: Moments(tf.zeros_like(target.mean), tf.zeros_like(target.covariance)),
    ),
    ("neighbours", "mean"): StyleLoss(
        target=neighbour_targets,
        statistics=neighbour_loss,
        loss=lambda mean, _target: mean,
        empty=lambda _target: tf.zeros([]),
    ),
}
"""By style loss and formulation."""
