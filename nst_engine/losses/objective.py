"""The objective: the only place where the losses meet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from nst_engine.config import TransferConfig
from nst_engine.losses.content import content_loss, spatial_variance, sum_of_mean
from nst_engine.losses.gram import STYLE_SCOPE
from nst_engine.losses.style_losses import load_style_loss
from nst_engine.losses.total_variation import gatys_total_variation, opponent_variation, total_variation
from nst_engine.registry.losses import TERMS
from nst_engine.types import Tensor

Features = dict[str, Tensor]


class Region(NamedTuple):
    """A style, perhaps of several pictures, and where in the picture it paints.

    Attributes:
        share: of the style loss, a float32 scalar.
        style: target of the style loss, by layer.
        unit: divisors of the style loss, by layer, float32, one for each part of the loss.
        mask: weights of the places, by layer, [1, h, w, 1], their mean 1; empty where it paints everywhere.
    """

    share: Tensor
    style: dict[str, Any]
    unit: dict[str, Tensor]
    mask: Features


class Targets(NamedTuple):
    """The targets of a picture, and the weights of the loss terms.

    Attributes:
        content: features of the content, by layer.
        unit: divisor of the content loss, by layer, float32 scalars.
        variation_unit: divisors of the total variation, float32, one for each part of it.
        regions: the styles; their shares sum to the share of the picture that is painted.
        weights: of the loss terms, [len(TERMS)], float32.
    """

    content: Features
    unit: dict[str, Tensor]
    variation_unit: Tensor
    regions: tuple[Region, ...]
    weights: Tensor


class Statistics(NamedTuple):
    """The means over places, by layer, that the losses read from a picture's features.

    So the statistics of a picture are the sum of its tiles' statistics, each times the tile's share of the places.

    Attributes:
        content: mean squared differences to the content's features, scalars.
        style: statistics of the style loss, for each region.
    """

    content: Features
    style: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class _Formulas:
    """A formulation: the content loss of one layer from its mean, and the total variation of pixels.

    Attributes:
        content: the mean of the squared differences, and the content's features, to the content loss.
        variation: pixels to their total variation, a scalar or a vector of parts.
        relative: True if losses are shares of what they are for other pictures.
    """

    content: Callable[[Tensor, Tensor], Tensor]
    variation: Callable[[Tensor], Tensor]
    relative: bool = False


def _mean_itself(mean: Tensor, _P: Tensor) -> Tensor:
    return mean


_FORMULATIONS = {
    "mean": _Formulas(content=_mean_itself, variation=total_variation),
    "gatys": _Formulas(content=sum_of_mean, variation=gatys_total_variation),
    "share": _Formulas(content=_mean_itself, variation=opponent_variation, relative=True),
}

_LEAST_CONTRAST = 0.01
"""Least units of the content loss and the total variation, as shares of the reference picture's own: contents and
styles may be even."""

_LEAST_DISTANCE = 1e-3
"""Least unit of the style loss, as a share of the distance of no features at all: a style may be like the reference."""


class Objective:
    """`total = content_weight * content + style_weight * style + tv_weight * tv`.

    Content and style are sums over layers, each layer with its share; the shares sum to 1. The style is a sum over
    regions too. A term whose weight is 0 is still computed: it is reported.

    With `formulation="share"`, each layer's loss is divided by a unit of its own, so that it has no dimension and means
    the same on every network. The unit of the content loss is the variance of the content's features over places: the
    loss is 0 at the content, and 1 where each channel is even at the content's mean. The unit of the style loss is the
    distance of a reference picture from the style: the loss is 0 at the style, and 1 at a picture as far from it as the
    reference is. The unit of the total variation is its mean over content and style: it is 0 at an even picture, and 1
    at one as rough as they are. Where a loss has parts, each has a unit, and their mean is taken.

    Args:
        config: layers, style loss and formulation.
    """

    def __init__(self, config: TransferConfig) -> None:
        self._content_layers = config.content_layer_weights
        self._style_layers = config.style_layer_weights
        self._formulas = _FORMULATIONS[config.formulation]
        self._style_loss = load_style_loss(config.style_loss, config.formulation)

    @property
    def is_relative(self) -> bool:
        """True if losses are shares, whose units take the features of a reference picture."""
        return self._formulas.relative

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that the objective reads, each once."""
        return tuple(dict.fromkeys((*self._content_layers, *self._style_layers)))

    @property
    def style_layers(self) -> tuple[str, ...]:
        """Names of the layers of the style loss."""
        return tuple(self._style_layers)

    def content_targets(self, features: Features) -> Features:
        """The content's part of the targets, from the content's features."""
        return {layer: features[layer] for layer in self._content_layers}

    def style_summary(self, features: Features, mask: Features) -> dict[str, Any]:
        """A style's statistics, by layer, from its features and its places' weights, empty for a whole picture."""
        return {layer: self._style_loss.summary(features[layer], mask.get(layer)) for layer in self._style_layers}

    def style_targets(self, summaries: Sequence[dict[str, Any]], weights: Sequence[float]) -> dict[str, Any]:
        """The joint target of several styles, by layer, from the statistics of each; the weights sum to 1."""
        pooled = {
            layer: self._style_loss.pooled([summary[layer] for summary in summaries], weights)
            for layer in self._style_layers
        }
        return {layer: self._style_loss.target(statistics) for layer, statistics in pooled.items()}

    @property
    def variation(self) -> Callable[[Tensor], Tensor]:
        """Pixels, [1, height, width, 3], float32, in [0, 255], to their total variation, a scalar or its parts."""
        return self._formulas.variation

    def content_units(self, content: Features, reference: Features) -> dict[str, Tensor]:
        """The divisors of the content loss, by layer, float32 scalars: all 1 unless losses are shares.

        Args:
            content: the content's part of the targets.
            reference: features of the reference picture; not used unless losses are shares.
        """
        if not self.is_relative:
            return {layer: tf.ones([]) for layer in self._content_layers}
        return {
            layer: tf.maximum(spatial_variance(content[layer]), _LEAST_CONTRAST * spatial_variance(reference[layer]))
            for layer in self._content_layers
        }

    def style_units(self, target: dict[str, Any], reference: Features) -> dict[str, Tensor]:
        """The divisors of the style loss, by layer, float32, for each of its parts: all 1 unless losses are shares.

        Args:
            target: the joint target of the styles, by layer.
            reference: features of the reference picture; not used unless losses are shares.
        """
        if not self.is_relative:
            return {layer: tf.ones([]) for layer in self._style_layers}
        return {layer: self._distance(reference[layer], target[layer]) for layer in self._style_layers}

    def variation_unit(self, content: Tensor, style: Tensor, reference: Tensor) -> Tensor:
        """The divisors of the total variation, float32, for each of its parts: 1 unless losses are shares.

        Args:
            content, style, reference: the `variation` of each picture; for several styles, their mean.
        """
        if not self.is_relative:
            return tf.ones([])
        return tf.maximum((content + style) / 2, _LEAST_CONTRAST * reference)

    def statistics(self, features: Features, targets: Targets) -> Statistics:
        """The statistics of features; the content and the masks in `targets` must be of the same places."""
        return Statistics(
            content={layer: content_loss(features[layer], targets.content[layer]) for layer in self._content_layers},
            style=tuple(self._read(features, region) for region in targets.regions),
        )

    def no_statistics(self, targets: Targets) -> Statistics:
        """Empty statistics, to which tiles' statistics are added."""
        return Statistics(
            content={layer: tf.zeros([]) for layer in self._content_layers},
            style=tuple(
                {layer: self._style_loss.empty(target) for layer, target in region.style.items()}
                for region in targets.regions
            ),
        )

    def terms(self, pixels: Tensor, statistics: Statistics, targets: Targets) -> Tensor:
        """The losses `LOSS_NAMES` of a picture, [len(LOSS_NAMES)], float32.

        Args:
            pixels: [1, height, width, 3], float32, in [0, 255].
            statistics: statistics of the features of these pixels.
            targets: targets of the picture.
        """
        content = [
            share
            * _in_units(self._formulas.content(statistics.content[layer], targets.content[layer]), targets.unit[layer])
            for layer, share in self._content_layers.items()
        ]
        with tf.name_scope(STYLE_SCOPE):
            style = [
                region.share
                * share
                * _in_units(self._style_loss.loss(read[layer], region.style[layer]), region.unit[layer])
                for region, read in zip(targets.regions, statistics.style, strict=True)
                for layer, share in self._style_layers.items()
            ]
        tv = _in_units(self.variation(pixels), targets.variation_unit)
        terms = {"content": tf.add_n(content), "style": tf.add_n(style), "tv": tv}
        vector = tf.stack([terms[name] for name in TERMS])
        return tf.concat([vector, [tf.tensordot(targets.weights, vector, 1)]], axis=0)

    def _distance(self, F: Tensor, target: Any) -> Tensor:
        def loss(F: Tensor) -> Tensor:
            return self._style_loss.loss(self._style_loss.statistics(F, None, target), target)

        return tf.maximum(loss(F), _LEAST_DISTANCE * loss(tf.zeros_like(F)))

    def _read(self, features: Features, region: Region) -> dict[str, Any]:
        read = self._style_loss.statistics
        with tf.name_scope(STYLE_SCOPE):
            return {
                layer: read(features[layer], region.mask.get(layer), region.style[layer])
                for layer in self._style_layers
            }


def _in_units(loss: Tensor, unit: Tensor) -> Tensor:
    """The mean of a loss's parts, each in its unit; 0 if that is 0, where all features are 0, of any picture."""
    return tf.reduce_mean(tf.math.divide_no_nan(loss, unit))
