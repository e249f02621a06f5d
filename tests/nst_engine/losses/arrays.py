"""Features drawn at random, and what tests of a loss ask of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf


def features(height: int = 5, width: int = 7, channels: int = 6, seed: int = 0) -> npt.NDArray[np.float32]:
    """Like a network's after ReLU: half of the values are 0."""
    drawn = np.random.default_rng(seed).standard_normal((1, height, width, channels), dtype=np.float32)
    return drawn.clip(0)


def mask(height: int = 5, width: int = 7, seed: int = 4) -> npt.NDArray[np.float32]:
    """Weights of places, a third of them 0, their mean 1."""
    drawn = np.random.default_rng(seed).random((1, height, width, 1), dtype=np.float32)
    weights = np.where(drawn < 1 / 3, np.float32(0), drawn)
    return weights / weights.mean()


def gradient(value: Callable[[Any], Any], F: Any) -> Any:
    """Of a scalar function of features."""
    with tf.GradientTape() as tape:
        tape.watch(F)
        result = value(F)
    return tape.gradient(result, F)


def slope(value: Callable[[npt.NDArray[Any]], float], at: npt.NDArray[Any], along: npt.NDArray[Any]) -> float:
    """Finite difference of a NumPy function, float64."""
    at, step = at.astype(np.float64), 1e-4
    return (value(at + step * along) - value(at - step * along)) / (2 * step)


def relative_error(value: Any, expected: Any) -> float:
    """Norm of the difference over that of the expected, in float64."""
    value, expected = (np.asarray(tf.cast(array, tf.float64)) for array in (value, expected))
    return float(np.linalg.norm(value - expected) / np.linalg.norm(expected))
