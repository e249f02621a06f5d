"""What an optimizer of pixels is."""

from typing import Protocol

import tensorflow as tf

from nst_engine.types import Tensor

BLACK, WHITE = 0.0, 255.0
"""The pixel box: the range that every iterate stays in."""


class PixelOptimizer(Protocol):
    """An optimizer of one picture, whose state lives in TensorFlow variables.

    It says where it wants the objective evaluated next and is told what came out: so several can share an evaluation.
    """

    @property
    def image(self) -> Tensor:
        """The picture, [1, height, width, 3], float32, in [0, 255]."""

    @property
    def trial(self) -> Tensor:
        """Where to evaluate the objective next, of the picture's shape and range."""

    @property
    def candidates(self) -> tuple[Tensor, ...]:
        """Pictures of which the best is the result; `image` is the first."""

    def start(self, pixels: Tensor) -> None:
        """Forget everything and begin at `pixels`."""

    def rest(self) -> None:
        """Give back what memory it can, the pictures too, until the next `start`."""

    def tell(self, terms: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """Take one step; part of a graph.

        Args:
            terms: the losses `LOSS_NAMES` of `trial`.
            gradient: of the total, of the picture's shape.
            rate: the learning rate of this step, a scalar.

        Returns:
            The losses of the picture before the step.
        """

    def retreat(self) -> None:
        """Go back to the best picture so far, without momentum or curvature."""


def finite(gradient: Tensor) -> Tensor:
    """Whether every number of a gradient is finite, as a boolean scalar."""
    return tf.math.is_finite(tf.reduce_sum(tf.abs(gradient)))


def boxed(pixels: Tensor) -> Tensor:
    """The nearest pixels inside the box."""
    return tf.clip_by_value(pixels, BLACK, WHITE)
