"""The objective: the only place where the losses meet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from nst_engine.config import TransferConfig
from nst_engine.losses.content import content_loss, sum_of_mean
from nst_engine.losses.style import STYLE_LOSSES
from nst_engine.losses.variation import gatys_total_variation, total_variation
from nst_engine.types import Tensor

Features = dict[str, Tensor]


class Targets(NamedTuple):
    """What a picture is compared with: content features, and what the style loss keeps of the style, by layer."""

    content: Features
    style: dict[str, Any]


class Statistics(NamedTuple):
    """What the losses read of a picture's features, by layer; all of them means over places.

    So a picture's are those of its tiles, each weighted by the tile's share of the places.

    Attributes:
        content: mean squared differences to the content's features, scalars.
        style: what the style loss reads.
    """

    content: Features
    style: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Formulas:
    """A formulation: the content loss of one layer from its mean, and the total variation of pixels."""

    content: Callable[[Tensor, Tensor], Tensor]
    variation: Callable[[Tensor], Tensor]


_FORMULATIONS = {
    "mean": _Formulas(content=lambda mean, _P: mean, variation=total_variation),
    "gatys": _Formulas(content=sum_of_mean, variation=gatys_total_variation),
}


class Objective:
    """`total = content_weight * content + style_weight * style + tv_weight * tv`.

    Content and style are sums over layers, each layer with its share; the shares sum to 1. A term whose
    weight is 0 is still computed: it is reported.

    Args:
        config: layers, weights and formulation.
    """

    def __init__(self, config: TransferConfig) -> None:
        self._content_layers = config.content_layer_weights
        self._style_layers = config.style_layer_weights
        self._formulas = _FORMULATIONS[config.formulation]
        self._style_loss = STYLE_LOSSES[config.style_loss, config.formulation]
        self._weights = config.loss_weights

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that the objective reads, each once."""
        return tuple(dict.fromkeys((*self._content_layers, *self._style_layers)))

    def content_targets(self, features: Features) -> Features:
        """The content's part of the targets, from the content's features."""
        return {layer: features[layer] for layer in self._content_layers}

    def style_targets(self, features: Features) -> dict[str, Any]:
        """The style's part of the targets, from the style's features."""
        return {layer: self._style_loss.target(features[layer]) for layer in self._style_layers}

    def statistics(self, features: Features, targets: Targets) -> Statistics:
        """What the losses need to know of features; those of the content in `targets` are of the same places."""
        read = self._style_loss.statistics
        return Statistics(
            content={layer: content_loss(features[layer], targets.content[layer]) for layer in self._content_layers},
            style={layer: read(features[layer], targets.style[layer]) for layer in self._style_layers},
        )

    def no_statistics(self, targets: Targets) -> Statistics:
        """The statistics of no place at all, to which those of tiles are added."""
        return Statistics(
            content={layer: tf.zeros([]) for layer in self._content_layers},
            style={layer: self._style_loss.empty(target) for layer, target in targets.style.items()},
        )

    def terms(self, pixels: Tensor, statistics: Statistics, targets: Targets) -> Tensor:
        """The loss terms `[content, style, tv, total]` of a picture, float32.

        Args:
            pixels: [1, height, width, 3], float32, in [0, 255].
            statistics: of their features.
            targets: what the features are compared with.
        """
        content = [
            share * self._formulas.content(statistics.content[layer], targets.content[layer])
            for layer, share in self._content_layers.items()
        ]
        style = [
            share * self._style_loss.loss(statistics.style[layer], targets.style[layer])
            for layer, share in self._style_layers.items()
        ]
        terms = tf.stack([tf.add_n(content), tf.add_n(style), self._formulas.variation(pixels)])
        return tf.concat([terms, [tf.tensordot(tf.constant(self._weights, tf.float32), terms, 1)]], axis=0)
