"""The interface of an optimizer of pixels."""

from typing import Protocol

import tensorflow as tf

from nst_engine.types import Tensor

BLACK, WHITE = 0.0, 255.0
"""The pixel box: the range that every iterate stays within."""


class PixelOptimizer(Protocol):
    """An optimizer of one picture; its state is in TensorFlow variables.

    It gives the next picture to evaluate (`trial`) and receives the result (`tell`), so that several optimizers can
    share one evaluation.
    """

    @property
    def image(self) -> Tensor:
        """The picture, [1, height, width, 3], float32, in [0, 255]."""

    @property
    def trial(self) -> Tensor:
        """The picture at which to evaluate the objective next, of the shape and range of `image`."""

    @property
    def candidates(self) -> tuple[Tensor, ...]:
        """Pictures from which the best becomes the result; the first is `image`."""

    def start(self, pixels: Tensor) -> None:
        """Forget everything and begin at `pixels`."""

    def rest(self) -> None:
        """Release memory, the pictures included, until the next `start`."""

    def tell(self, terms: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """Take one step, as a part of a graph.

        Args:
            terms: the losses `LOSS_NAMES` of `trial`.
            gradient: gradient of the total, of the shape of the picture.
            rate: the learning rate of this step, a scalar.

        Returns:
            The losses of the picture before the step.
        """

    def retreat(self) -> None:
        """Go back to the best picture so far, and forget momentum and curvature."""


def finite(gradient: Tensor) -> Tensor:
    """True if every number of the gradient is finite; a boolean scalar tensor."""
    return tf.math.is_finite(tf.reduce_sum(tf.abs(gradient)))


def clip_to_box(pixels: Tensor) -> Tensor:
    """Replace pixels by the nearest values in the pixel box."""
    return tf.clip_by_value(pixels, BLACK, WHITE)
