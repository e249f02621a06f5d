"""A convex quadratic of pixels whose minimum lies outside the box for some of them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.hardware.graphs import graph_of
from nst_engine.optimizers.base import PixelOptimizer
from nst_engine.registry.losses import TOTAL

HEIGHT, WIDTH = 4, 5
SHAPE = (1, HEIGHT, WIDTH, 3)
SIZE = HEIGHT * WIDTH * 3

Array = npt.NDArray[np.float64]
Evaluate = Callable[[Any], tuple[Any, Any]]
"""Pixels to loss terms and gradient."""


class Quadratic:
    """`(x - c)^T A (x - c) / 2 + 50`, the condition number of A about 50.

    Args:
        seed: of A and of c.
        spread: how far c lies from grey, so that some of it is outside of [0, 255].
    """

    def __init__(self, seed: int = 0, spread: float = 150.0) -> None:
        rng = np.random.default_rng(seed)
        rotation, _ = np.linalg.qr(rng.standard_normal((SIZE, SIZE)))
        self.A: Array = rotation @ np.diag(np.geomspace(0.02, 1, SIZE)) @ rotation.T
        self.c: Array = 127 + spread * rng.standard_normal(SIZE)

    def value(self, x: Array) -> float:
        """At a vector, in float64."""
        return float((x - self.c) @ self.A @ (x - self.c) / 2 + 50)

    def gradient(self, x: Array) -> Array:
        """At a vector, in float64."""
        slope: Array = self.A @ (x - self.c)
        return slope

    def evaluate(self, pixels: Any) -> tuple[Any, Any]:
        """The arguments of `tell`: the loss terms and the total's gradient, in float32."""
        away = tf.reshape(pixels, [SIZE]) - tf.constant(self.c, tf.float32)
        slope = tf.linalg.matvec(tf.constant(self.A, tf.float32), away)
        total = tf.tensordot(away, slope, 1) / 2 + 50
        return tf.stack([total, *[0.0] * (TOTAL - 1), total]), tf.reshape(slope, SHAPE)


def start() -> npt.NDArray[np.float32]:
    """Pixels to begin with."""
    return np.random.default_rng(5).uniform(0, 255, SHAPE).astype(np.float32)


def stepping(optimizer: PixelOptimizer, evaluate: Evaluate, rate: float = 1.0) -> Callable[[], npt.NDArray[np.float32]]:
    """One step of the optimizer at each call; gives the loss terms before it."""
    tell = traced_tell(optimizer)
    return lambda: tell(*evaluate(optimizer.trial), tf.constant(rate)).numpy()


@lru_cache(8)
def traced_tell(optimizer: PixelOptimizer) -> Any:
    """The graph of an optimizer's step, traced once for all tests that use the optimizer."""
    return graph_of(optimizer.tell)


def spoiled(evaluate: Evaluate, from_call: int, calls: int, terms_too: bool) -> Evaluate:
    """The same evaluation with a gradient, and perhaps terms, that are not numbers for some calls."""
    count = tf.Variable(0)

    def evaluation(pixels: Any) -> tuple[Any, Any]:
        terms, gradient = evaluate(pixels)
        bad = (count >= from_call) & (count < from_call + calls)
        count.assign_add(1)
        poison = tf.where(bad, float("nan"), 0.0)
        return (terms + poison if terms_too else terms), gradient + poison

    return evaluation
