"""The graphs that paint with given parameters: pictures taken whole, and large ones tile by tile."""

from collections.abc import Iterator
from functools import partial, reduce

import tensorflow as tf

from nst_engine.evaluation.tiled import Span, spans
from nst_engine.hardware.graphs import graph_of_any_size
from nst_engine.optimizers.base import clip_to_box
from nst_engine.painting.network import GRID, NORMALIZED, REACH, Arrays, Moments, features_before, paint
from nst_engine.types import Tensor

LARGEST = 2048**2
"""Pixels of the largest picture that is taken whole, in some 2 GB of memory."""

TILE = 1024
"""Side of the part that a tile owns, in pixels."""


class Hand:
    """Paints pictures of any size. A large one is taken in tiles, and each tile is normalized by the whole picture.

    What the tiles are normalized by takes a pass over all of them for each layer: a large picture takes some ten times
    as long for each pixel.

    Args:
        parameters: of the network.
        dtype: in which convolutions are computed.
    """

    def __init__(self, parameters: Arrays, dtype: str) -> None:
        self._parameters = {name: tf.constant(value) for name, value in parameters.items()}
        self._dtype = dtype
        self._paint = graph_of_any_size(self._trace_paint)
        self._sums = graph_of_any_size(self._trace_sums)

    def paint(self, pixels: Tensor, strength: Tensor, largest: int = LARGEST, tile: int = TILE) -> Tensor:
        """The painted pixels, [1, height, width, 3], float32, in [0, 255].

        Args:
            pixels: of the same shape and range.
            strength: from 0 to 1, a float32 scalar.
            largest: pixels of the largest picture that is taken whole.
            tile: side of the part that a tile owns, in pixels.
        """
        _, height, width, _ = pixels.shape
        if height * width <= largest:
            whole: Tensor = self._paint(pixels, strength, ())
            return whole
        tiles = [[(row, column) for column in _spans(width, tile)] for row in _spans(height, tile)]
        moments = self._moments(pixels, strength, [each for some in tiles for each in some])
        rows = [tf.concat([self._tile(pixels, strength, moments, *each) for each in some], axis=2) for some in tiles]
        return tf.concat(rows, axis=1)

    def _moments(self, pixels: Tensor, strength: Tensor, tiles: list[tuple[Span, Span]]) -> tuple[Moments, ...]:
        """Those of the whole picture, layer by layer."""
        moments: tuple[Moments, ...] = ()
        for layer in NORMALIZED:
            parts = (self._sums_of(pixels, strength, moments, layer.stride, *tile) for tile in tiles)
            count, first, second = reduce(partial(tf.nest.map_structure, tf.add), parts)
            mean = first / count
            variance = second / count - mean**2
            moments += (Moments(tf.cast(mean, tf.float32), tf.cast(variance, tf.float32)),)
        return moments

    def _sums_of(
        self, pixels: Tensor, strength: Tensor, known: tuple[Moments, ...], stride: int, row: Span, column: Span
    ) -> tuple[Tensor, ...]:
        own = tf.constant([_own(row, stride), _own(column, stride)])
        sums: tuple[Tensor, ...] = self._sums(_region(pixels, row, column), strength, known, own)
        return sums

    def _tile(self, pixels: Tensor, strength: Tensor, moments: tuple[Moments, ...], row: Span, column: Span) -> Tensor:
        (top, bottom), (left, right) = _own(row, 1), _own(column, 1)
        return self._paint(_region(pixels, row, column), strength, moments)[:, top:bottom, left:right]

    def _trace_paint(self, pixels: Tensor, strength: Tensor, known: tuple[Moments, ...]) -> Tensor:
        return clip_to_box(paint(self._parameters, pixels, strength, self._dtype, known))

    def _trace_sums(
        self, pixels: Tensor, strength: Tensor, known: tuple[Moments, ...], own: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The number of places that a tile owns, and by channel the sums of the features and of their squares."""
        features = features_before(self._parameters, pixels, strength, self._dtype, known)
        (top, bottom), (left, right) = map(tf.unstack, tf.unstack(own))
        x = tf.cast(features[:, top:bottom, left:right], tf.float64)
        count = tf.cast(tf.size(x[..., 0]), tf.float64)
        return count, tf.reduce_sum(x, [0, 1, 2]), tf.reduce_sum(x**2, [0, 1, 2])


def _spans(length: int, tile: int) -> Iterator[Span]:
    return spans(length, tile, REACH, GRID)


def _region(pixels: Tensor, row: Span, column: Span) -> Tensor:
    return pixels[:, slice(*row.read), slice(*column.read)]


def _own(span: Span, stride: int) -> tuple[int, int]:
    """The part of a region that its tile owns, in places."""
    start, end = (edge - span.read[0] for edge in span.own)
    return start // stride, -(-end // stride)
