"""What a style loss is: what it keeps of a style, reads of a picture, and compares. One is loaded by its name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

import tensorflow as tf

from nst_engine.registry.losses import STYLE_LOSSES, Formulation
from nst_engine.types import Tensor


@dataclass(frozen=True, kw_only=True)
class StyleLoss:
    """A style loss of one layer, `F` its features [1, h, w, N], `w` a region's weights [1, h, w, 1] or None.

    Statistics are means over places, so that those of tiles add up; where they are not, its entry in the registry says
    that it is not `tileable`.

    Attributes:
        summary: `F` and `w` of a style to its statistics.
        pooled: statistics of several styles and their weights, which sum to 1, to those of all their places together.
        target: these to what is kept of the style.
        statistics: `F` and `w` of the picture, and a target, to the statistics that are compared with it.
        loss: the picture's statistics and the target to a float32 scalar, or to a vector of parts.
        empty: the target to statistics of no place at all.
    """

    summary: Callable[[Tensor, Tensor | None], Any]
    pooled: Callable[[Sequence[Any], Sequence[float]], Any]
    target: Callable[[Any], Any]
    statistics: Callable[[Tensor, Tensor | None, Any], Any]
    loss: Callable[[Any, Any], Tensor]
    empty: Callable[[Any], Any]


def load_style_loss(name: str, formulation: Formulation) -> StyleLoss:
    """The registered style loss of that name, in a formulation that it has."""
    loss: StyleLoss = resolve_name(STYLE_LOSSES[name].formulations[formulation].builder)()
    return loss


def weighted_mean(statistics: Sequence[Any], weights: Sequence[float]) -> Any:
    """The weighted mean of statistics; the weights sum to 1."""

    def mean(*parts: Tensor) -> Tensor:
        return tf.add_n([weight * part for weight, part in zip(weights, parts, strict=True)])

    return tf.nest.map_structure(mean, *statistics)


def identity(statistics: Tensor) -> Tensor:
    """The statistics as they are, for a loss that keeps them so."""
    return statistics
