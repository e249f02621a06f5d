"""The objective: the only place where the losses meet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from nst_engine.config import TransferConfig
from nst_engine.losses.content import content_loss, gatys_content_loss
from nst_engine.losses.gram import gatys_style_loss, gram_matrix, style_loss
from nst_engine.losses.variation import gatys_total_variation, total_variation
from nst_engine.types import Tensor

Features = dict[str, Tensor]


class Targets(NamedTuple):
    """What a picture is compared with: content features and style Gram matrices, by layer."""

    content: Features
    style: Features


@dataclass(frozen=True, kw_only=True)
class _Formulas:
    content: Callable[[Tensor, Tensor], Tensor]
    style: Callable[[Tensor, Tensor], Tensor]
    variation: Callable[[Tensor], Tensor]


_FORMULATIONS = {
    "mean": _Formulas(content=content_loss, style=style_loss, variation=total_variation),
    "gatys": _Formulas(content=gatys_content_loss, style=gatys_style_loss, variation=gatys_total_variation),
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
        self._weights = config.loss_weights
        self._formulas = _FORMULATIONS[config.formulation]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that the objective reads."""
        return (*self._content_layers, *self._style_layers)

    def content_targets(self, features: Features) -> Features:
        """The content's part of the targets, from the content's features."""
        return {layer: features[layer] for layer in self._content_layers}

    def style_targets(self, features: Features) -> Features:
        """The style's part of the targets, from the style's features."""
        return {layer: gram_matrix(features[layer]) for layer in self._style_layers}

    def terms(self, pixels: Tensor, features: Features, targets: Targets) -> Tensor:
        """The loss terms `[content, style, tv, total]` of a picture, float32.

        Args:
            pixels: [1, height, width, 3], float32, in [0, 255].
            features: of these pixels, by layer.
            targets: what the features are compared with.
        """
        content = tf.add_n(
            [
                share * self._formulas.content(features[layer], targets.content[layer])
                for layer, share in self._content_layers.items()
            ]
        )
        style = tf.add_n(
            [
                share * self._formulas.style(gram_matrix(features[layer]), targets.style[layer])
                for layer, share in self._style_layers.items()
            ]
        )
        terms = tf.stack([content, style, self._formulas.variation(pixels)])
        return tf.concat([terms, [tf.tensordot(tf.constant(self._weights, tf.float32), terms, 1)]], axis=0)
