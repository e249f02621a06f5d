"""Pictures taken whole: their features, their loss terms, and the gradients of these."""

import tensorflow as tf

from nst_engine.backbones.network import Network
from nst_engine.hardware.graphs import graph_of, graph_of_any_size, straight
from nst_engine.losses.objective import Features, Objective, Targets
from nst_engine.registry.losses import TOTAL
from nst_engine.types import Tensor


class Whole:
    """Computes targets, loss terms and gradients of whole pictures, in one pass over each.

    Args:
        network: pixels to features.
        objective: features to loss terms.
    """

    def __init__(self, network: Network, objective: Objective) -> None:
        self._network, self._objective = network, objective
        self.content_targets = graph_of_any_size(self.content_in_graph)
        self.style_summary = graph_of_any_size(self._style_summary)
        self.terms = graph_of_any_size(self.terms_in_graph)

    @straight
    def evaluate(
        self, pixels: Tensor, targets: tuple[Targets, ...], scales: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """The loss terms of several pictures, and the gradients of `scale * total`; part of a graph.

        Args:
            pixels: [n, height, width, 3], float32, in [0, 255].
            targets: of each picture.
            scales: factor on each picture's total.

        Returns:
            [n, len(LOSS_NAMES)] and [n, height, width, 3], float32.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            features = _one_by_one(self._network.features(pixels), len(targets))
            pictures = tf.split(pixels, len(targets))
            terms = tf.stack([self._terms_of(*each) for each in zip(pictures, features, targets, strict=True)])
            total = tf.tensordot(tf.stack(scales), terms[:, TOTAL], 1)
        return terms, tape.gradient(total, pixels)

    @straight
    def content_in_graph(self, pixels: Tensor) -> Features:
        """The content's part of the targets, from its pixels, as a part of a graph."""
        return self._objective.content_targets(self._network.features(pixels))

    @straight
    def _style_summary(self, pixels: Tensor, mask: Features) -> Features:
        return self._objective.style_summary(self._network.features(pixels), mask)

    @straight
    def terms_in_graph(self, pixels: Tensor, targets: Targets) -> Tensor:
        """The loss terms of a picture, [len(LOSS_NAMES)], as a part of a graph."""
        return self._terms_of(pixels, self._network.features(pixels), targets)

    def _terms_of(self, pixels: Tensor, features: Features, targets: Targets) -> Tensor:
        return self._objective.terms(pixels, self._objective.statistics(features, targets), targets)


class Compiled:
    """Evaluates whole pictures by a graph that XLA compiles once for each shape.

    Args:
        whole: the evaluation to compile.
    """

    def __init__(self, whole: Whole) -> None:
        self._evaluate = graph_of(whole.evaluate, compiled=True)

    def evaluate(
        self, pixels: Tensor, targets: tuple[Targets, ...], scales: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """The loss terms of several pictures, and the gradients of `scale * total`, as `Whole.evaluate` gives them."""
        terms, gradients = self._evaluate(pixels, targets, scales)
        return terms, gradients


def _one_by_one(features: Features, pictures: int) -> list[Features]:
    """The features of each picture."""
    parts = {layer: tf.split(values, pictures) for layer, values in features.items()}
    return [{layer: part[index] for layer, part in parts.items()} for index in range(pictures)]
