"""The state that an engine's transfers share: network, objective, styles' targets and traced graphs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nst_engine.backbones.calibration_picture import natural_pixels
from nst_engine.backbones.network import Network
from nst_engine.backbones.weights import WeightsSource
from nst_engine.config import TransferConfig
from nst_engine.evaluation.masks import Mask, layer_masks, region_shares
from nst_engine.evaluation.tiled import Tiling
from nst_engine.evaluation.whole import Compiled, Whole
from nst_engine.hardware.devices import is_turned_conv_faster, resolve_jit
from nst_engine.hardware.precision import Precision
from nst_engine.images import resize
from nst_engine.losses.objective import Features, Objective, Region, Targets
from nst_engine.losses.style_losses import weighted_mean
from nst_engine.registry.optimizers import OPTIMIZERS
from nst_engine.transfer.lru_cache import WeightedCache
from nst_engine.transfer.optimization_loop import Aims, Evaluator, OptimizationLoop
from nst_engine.transfer.pair_run import PairRun, Style
from nst_engine.transfer.sizes import style_size
from nst_engine.types import Picture, Tensor

MAX_CACHED_BYTES = 3 * 2**29
"""Memory of the cached optimization loops, in bytes: three dozen small shapes, or four of 2048 pixels."""

_GRAPH_BYTES = 40 * 2**20
"""Memory of one shape's traced graph and oneDNN's data for it, in bytes; measured: 14 to 73 MB."""

_PICTURE_BYTES = 6 * 3 * 4
"""Memory of a resting optimizer for one size, in bytes per pixel: the state is at most six float32 pictures."""

_MAX_STYLES = 64
"""Largest number of cached style targets, about 3 MB each."""

_MAX_TILINGS = 4

Reader = Whole | Tiling
Size = tuple[int, int]
"""Width and height in pixels."""


class StyleTarget(NamedTuple):
    """What is kept of styles at a size.

    Attributes:
        style: the joint target of their losses, by layer.
        unit: divisors of these losses, by layer.
        variation: mean of the styles' total variations.
    """

    style: dict[str, Any]
    unit: dict[str, Tensor]
    variation: Tensor


class Shape(NamedTuple):
    """The properties that a traced graph is specific to.

    Attributes:
        size: size of the pictures; None is any.
        optimizers: name of each picture's optimizer.
        tile: side of the tiles; None is whole.
        masks: number of styles with masks; 0 if styles paint everywhere.
    """

    size: Size | None
    optimizers: tuple[str, ...]
    tile: int | None
    masks: int


class SharedState:
    """Network, objective, and caches of styles' targets and traced graphs.

    Args:
        config: the part of a configuration that decides the computation; each pair brings its own for the rest.
        weights: weights of the network.
        precision: precision of the network.
        device: the device of everything, such as `CPU:0`.
    """

    def __init__(self, config: TransferConfig, weights: WeightsSource, precision: Precision, device: str) -> None:
        self.precision, self.device = precision, device
        self._compiled = resolve_jit(config, device)
        self._objective = Objective(config)
        self.network = Network(
            config, weights, precision, self._objective.layers, turned=is_turned_conv_faster(precision, device)
        )
        self._whole = Whole(self.network, self._objective)
        self._natural = tf.constant(natural_pixels())
        self._reference = self.network.features(self._natural) if self._objective.is_relative else {}
        self._tilings: WeightedCache[tuple[Size, int], Tiling] = WeightedCache(_MAX_TILINGS)
        self._loops: WeightedCache[Shape, OptimizationLoop] = WeightedCache(MAX_CACHED_BYTES, cached_bytes)
        self._styles: WeightedCache[tuple[Any, ...], StyleTarget] = WeightedCache(_MAX_STYLES)

    def forget(self) -> None:
        """Release the memory of the cached graphs."""
        self._loops.clear()
        self._tilings.clear()

    def reader(self, size: Size, tile: int | None) -> Reader:
        """The reader of pictures of that width and height, in tiles of that side; None is whole."""
        if tile is None or tile >= max(size):
            return self._whole
        return self._tilings.get_or_make((size, tile), lambda: Tiling(self.network, self._objective, size, tile))

    def compiles(self, size: Size, tile: int | None) -> bool:
        """True if XLA compiles the evaluation of pictures of that size.

        Tiles are never compiled: they differ in size, while compiled code has fixed shapes.
        """
        return self._compiled and self.reader(size, tile) is self._whole

    @contextmanager
    def loop(
        self, size: Size, optimizers: tuple[str, ...], tile: int | None, targets: Aims
    ) -> Iterator[OptimizationLoop]:
        """Lend the optimization loop for pictures of that size: one graph for all sizes, where possible.

        It is not shared while lent; afterwards it rests in the cache.
        """
        evaluator = self._evaluator(size, tile)
        any_size = evaluator is self._whole and all(OPTIMIZERS[name].any_size for name in optimizers)
        masks = sum(bool(region.mask) for region in targets[0].regions)
        shape = Shape(None, optimizers, None, masks) if any_size else Shape(size, optimizers, tile, masks)
        loop = self._loops.take_or_make(
            shape, lambda: OptimizationLoop(evaluator, self.precision, targets, shape.size, optimizers)
        )
        try:
            yield loop
        finally:
            loop.rest()
            self._loops.keep(shape, loop)

    def targets(self, run: PairRun, size: Size, tile: int | None) -> Targets:
        """The targets of a pair's picture of that width and height."""
        pixels = to_pixels(resize(run.content, *size))
        content = self.reader(size, tile).content_targets(pixels)
        weights = tf.constant(run.control.weights, tf.float32)
        return self.targets_of(pixels, content, tuple(self.styles(run, size, tile)), weights)

    @property
    def whole(self) -> Whole:
        """The reader of pictures that are taken whole."""
        return self._whole

    def targets_of(
        self, pixels: Tensor, content: Features, styles: Sequence[tuple[Region, StyleTarget]], weights: Tensor
    ) -> Targets:
        """The targets with a content's pixels and features, the styles from `styles`, and weights of the loss terms."""
        regions, targets = zip(*styles, strict=True)
        return Targets(
            content=content,
            unit=self._objective.content_units(content, self._reference),
            variation_unit=self._variation_unit(pixels, targets),
            regions=regions,
            weights=weights,
        )

    def _evaluator(self, size: Size, tile: int | None) -> Evaluator:
        return Compiled(self._whole) if self.compiles(size, tile) else self.reader(size, tile)

    def _variation_unit(self, content: Tensor, styles: Sequence[StyleTarget]) -> Tensor:
        variation = self._objective.variation
        style = tf.reduce_mean(tf.stack([each.variation for each in styles]), axis=0)
        return self._objective.variation_unit(variation(content), style, variation(self._natural))

    def styles(self, run: PairRun, size: Size, tile: int | None) -> Iterator[tuple[Region, StyleTarget]]:
        """One region for all styles if the content has no masks, else one region for each style."""
        weights = run.config.style_weights
        styles = [(style, style_size(run.config, style.picture, max(size))) for style in run.styles]
        if run.masks is None:
            kept = self._style(styles, weights, tile)
            yield Region(tf.constant(1.0), kept.style, kept.unit, {}), kept
            return
        for style, mask, share in zip(styles, run.masks, region_shares(weights, run.masks), strict=True):
            kept = self._style([style], (1.0,), tile)
            yield Region(tf.constant(share, tf.float32), kept.style, kept.unit, self._layer_masks(mask, size)), kept

    def _style(self, styles: Sequence[tuple[Style, Size]], weights: tuple[float, ...], tile: int | None) -> StyleTarget:
        """The joint target of styles, each at a width and height."""

        def make() -> StyleTarget:
            read = [self._read(*style, tile) for style in styles]
            target = self._objective.style_targets([summary for summary, _ in read], weights)
            variation = weighted_mean([variation for _, variation in read], weights)
            return StyleTarget(target, self._objective.style_units(target, self._reference), variation)

        return self._styles.get_or_make((weights, tile, *((style.key, size) for style, size in styles)), make)

    def _read(self, style: Style, size: Size, tile: int | None) -> tuple[dict[str, Any], Tensor]:
        """A style's statistics, by layer, and its total variation."""
        pixels = to_pixels(resize(style.picture, *size))
        summary = self.reader(size, tile).style_summary(pixels, self._layer_masks(style.mask, size))
        return summary, self._objective.variation(pixels)

    def _layer_masks(self, mask: Mask | None, size: Size) -> Features:
        if mask is None:
            return {}
        sizes = self.network.sizes(size[1], size[0])
        return layer_masks(mask, {layer: sizes[layer] for layer in self._objective.style_layers})


def to_pixels(picture: Picture) -> Tensor:
    """Convert [height, width, 3] in [0, 1] to [1, height, width, 3] in [0, 255]."""
    return tf.constant(picture[np.newaxis] * np.float32(255))


def to_picture(pixels: Tensor) -> Picture:
    """Convert [1, height, width, 3] in [0, 255] to [height, width, 3] in [0, 1]."""
    picture: Picture = pixels[0].numpy() / np.float32(255)
    return picture


def cached_bytes(shape: Shape) -> float:
    """Estimate of the memory that the loop of a shape takes while it rests in the cache, in bytes."""
    width, height = shape.size or (0, 0)
    return _GRAPH_BYTES + width * height * len(shape.optimizers) * _PICTURE_BYTES
