"""Large pictures taken tile by tile: their features, their loss terms, and the exact gradient of these.

All that the losses read of features are means over places (`Statistics`). A first pass reads every tile
and adds its statistics up; the losses and their derivatives by the statistics follow from the sums. A second
pass reads every tile again and takes the gradient of `<derivative, statistics>` by the tile's pixels. Added
up, these are the gradient of the whole picture, to rounding, in the memory of one tile (the two passes of
"Scaling Painting Style Transfer", EGSR 2024).

A tile is read with a margin as wide as the network's reach, so that the features it owns are those of the
whole picture; its corner lies on the network's grid.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import partial, reduce
from typing import Any

import tensorflow as tf

from nst_engine.backbones.network import Network
from nst_engine.hardware.graphs import graph_of, graph_of_any_size
from nst_engine.losses.objective import Features, Objective, Statistics, Targets
from nst_engine.registry.losses import TOTAL
from nst_engine.types import Tensor


@dataclass(frozen=True, kw_only=True)
class Span:
    """One side of a tile, in pixels of the picture: the part that is read, and the smaller part that it owns."""

    read: tuple[int, int]
    own: tuple[int, int]


def spans(length: int, tile: int, reach: int, grid: int) -> Iterator[Span]:
    """The tiles along one side of a picture.

    Args:
        length: of the side, in pixels.
        tile: side of the part that a tile owns; rounded down to the grid.
        reach: pixels beyond a place that can change its features; rounded up to the grid.
        grid: pixels from one place of the coarsest features to the next.
    """
    step, margin = max(grid, tile // grid * grid), -(-reach // grid) * grid
    for start in range(0, length, step):
        end = length if length - start < step + grid else start + step
        last = min(length, end + margin)
        yield Span(read=(max(0, start - margin), length - (length - last) // grid * grid), own=(start, end))
        if end == length:
            return


class Tiling:
    """Computes targets, loss terms and gradients of pictures of one size, in the memory of one tile.

    Args:
        network: pixels to features.
        objective: features to loss terms.
        size: width and height of the pictures, in pixels.
        tile: side of the part that a tile owns, in pixels.
    """

    def __init__(self, network: Network, objective: Objective, size: tuple[int, int], tile: int) -> None:
        self._network, self._objective = network, objective
        self._size = size[1], size[0]
        self._strides = network.strides()
        self._places = {layer: height * width for layer, (height, width) in network.sizes(*self._size).items()}
        grid = max(self._strides.values())
        rows, columns = (list(spans(length, tile, network.reach, grid)) for length in self._size)
        self._grid = tf.constant([[[astuple(row), astuple(column)] for column in columns] for row in rows])
        self._tiles = tf.reshape(self._grid, [-1, 2, 2, 2])
        self._own_content = graph_of_any_size(self._trace_own_content)
        self._own_summary = graph_of_any_size(self._trace_own_summary)
        self.terms = graph_of(self._terms)

    def content_targets(self, pixels: Tensor) -> Features:
        """The content's part of the targets, from its pixels, [1, height, width, 3], float32, in [0, 255]."""
        rows = [
            _joined([self._own_content(self._region(pixels, tile), tile) for tile in tiles], axis=2)
            for tiles in self._grid
        ]
        return _joined(rows, axis=1)

    def style_summary(self, pixels: Tensor, mask: Features) -> dict[str, Any]:
        """A style's statistics, from its pixels and its mask by layer, which is empty for a whole picture."""
        parts = (self._own_summary(self._region(pixels, tile), tile, mask) for tile in self._tiles)
        return reduce(partial(tf.nest.map_structure, tf.add), parts)

    def evaluate(
        self, pixels: Tensor, targets: tuple[Targets, ...], scales: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """The loss terms of several pictures, and the gradients of `scale * total`, as `Whole.evaluate` gives them."""
        each = [
            self._evaluate(picture, *aims)
            for picture, *aims in zip(tf.split(pixels, len(targets)), targets, scales, strict=True)
        ]
        return tf.stack([terms for terms, _ in each]), tf.concat([gradient for _, gradient in each], axis=0)

    def _terms(self, pixels: Tensor, targets: Targets) -> Tensor:
        return self._objective.terms(pixels, self._statistics(pixels, targets), targets)

    def _trace_own_content(self, region: Tensor, tile: Tensor) -> Features:
        features = self._objective.content_targets(self._network.features(region))
        return self._owned(features, tile, tile[:, 0, 0])

    def _trace_own_summary(self, region: Tensor, tile: Tensor, mask: Features) -> dict[str, Any]:
        own = self._owned(self._network.features(region), tile, tile[:, 0, 0])
        return self._shared(self._objective.style_summary(own, self._of_tile(mask, tile)), own)

    def _evaluate(self, pixels: Tensor, targets: Targets, scale: Tensor) -> tuple[Tensor, Tensor]:
        statistics = self._statistics(pixels, targets)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch((pixels, statistics))
            terms = self._objective.terms(pixels, statistics, targets)
            total = terms[TOTAL] * scale
        gradient, slopes = tape.gradient(total, (pixels, statistics))
        for tile in self._tiles:
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)
            gradient += self._pulled_back(slopes, tile, pixels, targets)
        return terms, gradient

    def _statistics(self, pixels: Tensor, targets: Targets) -> Statistics:
        statistics = self._objective.no_statistics(targets)
        for tile in self._tiles:
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)
            part = self._part(self._region(pixels, tile), tile, targets)
            statistics = tf.nest.map_structure(tf.add, statistics, part)
        return statistics

    def _pulled_back(self, slopes: Statistics, tile: Tensor, pixels: Tensor, targets: Targets) -> Tensor:
        region = self._region(pixels, tile)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(region)
            part = self._part(region, tile, targets)
            products = tf.nest.map_structure(lambda slope, value: tf.reduce_sum(slope * value), slopes, part)
            surrogate = tf.add_n(tf.nest.flatten(products))
        before, after = tile[:, 0, 0], self._size - tile[:, 0, 1]
        around = tf.pad(tf.stack([before, after], axis=1), [[1, 1], [0, 0]])
        return tf.ensure_shape(tf.pad(tape.gradient(surrogate, region), around), pixels.shape)

    def _region(self, pixels: Tensor, tile: Tensor) -> Tensor:
        (top, bottom), (left, right) = (tf.unstack(tile[axis, 0]) for axis in (0, 1))
        return pixels[:, top:bottom, left:right]

    def _part(self, region: Tensor, tile: Tensor, targets: Targets) -> Statistics:
        """The tile's statistics, each times its share of the layer's places."""
        own = self._owned(self._network.features(region), tile, tile[:, 0, 0])
        regions = tuple(region._replace(mask=self._of_tile(region.mask, tile)) for region in targets.regions)
        part = self._objective.statistics(
            own, targets._replace(content=self._of_tile(targets.content, tile), regions=regions)
        )
        return Statistics(
            content=self._shared(part.content, own), style=tuple(self._shared(style, own) for style in part.style)
        )

    def _shared(self, part: dict[str, Any], own: Features) -> dict[str, Any]:
        """Statistics of the places that a tile owns, by layer, each times the tile's share of the layer's places."""
        return {
            layer: tf.nest.map_structure(partial(_times, self._share(own[layer], layer)), value)
            for layer, value in part.items()
        }

    def _share(self, own: Tensor, layer: str) -> Tensor:
        _, height, width, _ = tf.unstack(tf.shape(own))
        return tf.cast(height * width, tf.float64) / self._places[layer]

    def _of_tile(self, whole: Features, tile: Tensor) -> Features:
        """The features of the places that the tile owns, from features of the whole picture."""
        return self._owned(whole, tile, tf.zeros([2], tf.int32))

    def _owned(self, features: Features, tile: Tensor, origin: Tensor) -> Features:
        """The features of the places that the tile owns, from features of a region that begins at `origin`."""
        own = {}
        for layer, values in features.items():
            stride = self._strides[layer]
            top, left = tf.unstack((tile[:, 1, 0] - origin) // stride)
            last = tile[:, 1, 1] == self._size
            bottom, right = tf.unstack(tf.where(last, tf.shape(values)[1:3], (tile[:, 1, 1] - origin) // stride))
            own[layer] = values[:, top:bottom, left:right]
        return own


def _joined(parts: list[Features], axis: int) -> Features:
    """Neighbouring parts of features as one, by layer."""
    return {layer: tf.concat([part[layer] for part in parts], axis) for layer in parts[0]}


def _times(share: Tensor, value: Tensor) -> Tensor:
    """A statistic, in whatever dtype, times a tile's share of the places."""
    return tf.cast(share, value.dtype) * value
