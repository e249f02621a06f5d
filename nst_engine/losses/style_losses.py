"""The style losses behind one interface: statistics of a style, its target, and the loss of a picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from nst_engine.losses.gram import gatys_style_loss, gram_matrix, style_loss
from nst_engine.losses.neighbours import neighbour_loss, neighbour_targets, pool_targets
from nst_engine.losses.wasserstein import Gaussian, GaussianTarget, gaussian, gaussian_target, wasserstein_loss
from nst_engine.types import Tensor


@dataclass(frozen=True, kw_only=True)
class StyleLoss:
    """A style loss of one layer, with features `F` [1, h, w, N] and a region's weights `w` [1, h, w, 1] or None.

    Statistics are means over places, so that the statistics of tiles add up. (Nearest neighbours are the exception, as
    features are compared about their own mean; they allow no tiles.)

    Attributes:
        summary: from `F` and `w` of a style to its statistics.
        pooled: from the statistics of several styles, and weights that sum to 1, to joint statistics.
        target: from the statistics of a style to the target that is kept.
        statistics: from `F` and `w` of the picture, and a target, to the statistics that `loss` compares.
        loss: from the picture's statistics and the target to a float32 scalar.
        empty: from the target to the statistics of no places.
    """

    summary: Callable[[Tensor, Tensor | None], Any]
    pooled: Callable[[Sequence[Any], Sequence[float]], Any]
    target: Callable[[Any], Any]
    statistics: Callable[[Tensor, Tensor | None, Any], Any]
    loss: Callable[[Any, Any], Tensor]
    empty: Callable[[Any], Any]


class Moments(NamedTuple):
    """Means over places of features, [N], and of products of features, [N, N]."""

    mean: Tensor
    product: Tensor


def _moments(F: Tensor, w: Tensor | None, _target: Any = None) -> Moments:
    mean, covariance = gaussian(F, w)
    return Moments(mean=mean, product=covariance + mean[:, tf.newaxis] * mean)


def _gaussian(moments: Moments) -> Gaussian:
    return Gaussian(moments.mean, moments.product - moments.mean[:, tf.newaxis] * moments.mean)


def _wasserstein_loss(moments: Moments, target: GaussianTarget) -> Tensor:
    return wasserstein_loss(_gaussian(moments), target)


def _gram(F: Tensor, w: Tensor | None, _A: Any = None) -> Tensor:
    return gram_matrix(F, w)


def _mean(statistics: Sequence[Any], weights: Sequence[float]) -> Any:
    def mean(*parts: Tensor) -> Tensor:
        return tf.add_n([weight * part for weight, part in zip(weights, parts, strict=True)])

    return tf.nest.map_structure(mean, *statistics)


def _identity(statistics: Tensor) -> Tensor:
    return statistics


def _gram_loss(loss: Callable[[Tensor, Tensor], Tensor]) -> StyleLoss:
    return StyleLoss(summary=_gram, pooled=_mean, target=_identity, statistics=_gram, loss=loss, empty=tf.zeros_like)


def _neighbour_statistics(F: Tensor, w: Tensor | None, target: Tensor) -> Tensor:
    return neighbour_loss(F, tf.ones_like(F[..., :1], dtype=tf.float32) if w is None else w, target)


STYLE_LOSSES = {
    ("gram", "mean"): _gram_loss(style_loss),
    ("gram", "gatys"): _gram_loss(gatys_style_loss),
    ("wasserstein", "mean"): StyleLoss(
        summary=_moments,
        pooled=_mean,
        target=lambda moments: gaussian_target(_gaussian(moments)),
        statistics=_moments,
        loss=_wasserstein_loss,
        empty=lambda target: Moments(tf.zeros_like(target.mean), tf.zeros_like(target.covariance)),
    ),
    ("neighbours", "mean"): StyleLoss(
        summary=neighbour_targets,
        pooled=pool_targets,
        target=_identity,
        statistics=_neighbour_statistics,
        loss=lambda mean, _target: mean,
        empty=lambda _target: tf.zeros([]),
    ),
}
"""Style losses, by name and formulation."""
