"""The exact gradient of a large picture, tile by tile.

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
from itertools import product

import tensorflow as tf

from nst_engine.backbones.network import Network
from nst_engine.losses.objective import Features, Objective, Statistics, Targets
from nst_engine.types import Tensor


@dataclass(frozen=True, kw_only=True)
class Span:
    """One side of a tile, in pixels of the picture: what is read, and the part of it that the tile owns."""

    read: tuple[int, int]
    own: tuple[int, int]


def spans(length: int, tile: int, reach: int, grid: int) -> Iterator[Span]:
    """The tiles along one side of a picture.

    Args:
        length: of the side, in pixels.
        tile: side of what a tile owns; rounded down to the grid.
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
    """The loss terms of one shape of picture and their gradient, tile by tile.

    Args:
        network: pixels to features.
        objective: features to loss terms.
        size: width and height of the pictures, in pixels.
        tile: side of what a tile owns, in pixels.
    """

    def __init__(self, network: Network, objective: Objective, size: tuple[int, int], tile: int) -> None:
        self._network, self._objective = network, objective
        self._size = size[1], size[0]
        self._strides = network.strides()
        self._places = {layer: height * width for layer, (height, width) in network.sizes(*self._size).items()}
        grid = max(self._strides.values())
        rows, columns = (list(spans(length, tile, network.reach, grid)) for length in self._size)
        self._tiles = tf.constant([[astuple(row), astuple(column)] for row, column in product(rows, columns)])

    def evaluate(self, pixels: Tensor, targets: Targets, scale: Tensor) -> tuple[Tensor, Tensor]:
        """The loss terms, [4], and the gradient of `scale * total`, of the pixels' shape; part of a graph."""
        statistics = self._statistics(pixels, targets)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch((pixels, statistics))
            terms = self._objective.terms(pixels, statistics, targets)
            total = terms[3] * scale
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
        content = self._owned(targets.content, tile, tf.zeros([2], tf.int32))
        part = self._objective.statistics(own, Targets(content=content, style=targets.style))
        shares = {layer: self._share(values, layer) for layer, values in own.items()}
        return Statistics(
            *(
                {layer: tf.nest.map_structure(shares[layer].__mul__, value) for layer, value in group.items()}
                for group in part
            )
        )

    def _share(self, own: Tensor, layer: str) -> Tensor:
        _, height, width, _ = tf.unstack(tf.shape(own))
        return tf.cast(height * width, tf.float32) / self._places[layer]

    def _owned(self, features: Features, tile: Tensor, origin: Tensor) -> Features:
        """The features of the places that the tile owns, of a region of the picture that begins at `origin`."""
        own = {}
        for layer, values in features.items():
            stride = self._strides[layer]
            top, left = tf.unstack((tile[:, 1, 0] - origin) // stride)
            last = tile[:, 1, 1] == self._size
            bottom, right = tf.unstack(tf.where(last, tf.shape(values)[1:3], (tile[:, 1, 1] - origin) // stride))
            own[layer] = values[:, top:bottom, left:right]
        return own
