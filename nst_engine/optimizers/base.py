"""What an optimizer of pixels is."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import tensorflow as tf

from nst_engine.types import Tensor

BLACK, WHITE = 0.0, 255.0
"""The pixel box: the range that every iterate stays in."""

Evaluate: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Pixels [1, height, width, 3] to the loss terms [content, style, tv, total] and the total's gradient."""


class PixelOptimizer(Protocol):
    """An optimizer of one picture, whose state lives in TensorFlow variables."""

    @property
    def image(self) -> Tensor:
        """The picture, [1, height, width, 3], float32, in [0, 255]."""

    def start(self, pixels: Tensor) -> None:
        """Forget everything and begin at `pixels`."""

    def step(self, evaluate: Evaluate, rate: Tensor) -> Tensor:
        """Take one step, at the cost of one evaluation; part of a graph.

        Args:
            evaluate: the objective.
            rate: the learning rate of this step, a scalar.

        Returns:
            The loss terms of the picture before the step.
        """

    def retreat(self) -> None:
        """Go back to the best picture so far, without momentum or curvature."""


def finite(gradient: Tensor) -> Tensor:
    """Whether every number of a gradient is finite, as a boolean scalar."""
    return tf.math.is_finite(tf.reduce_sum(tf.abs(gradient)))


def boxed(pixels: Tensor) -> Tensor:
    """The nearest pixels inside the box."""
    return tf.clip_by_value(pixels, BLACK, WHITE)
