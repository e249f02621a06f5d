"""Keras's Adam, kept inside the pixel box."""

import keras
import tensorflow as tf

from nst_engine.optimizers.base import Evaluate, boxed, finite
from nst_engine.types import Tensor


class Adam:
    """Adam (Kingma and Ba, 2015) on the pixels, clipped to the box after each step.

    A step whose gradient is not finite leaves the picture and the moments as they are.

    Args:
        height, width: size of the picture in pixels.
        learning_rate: in units of the 0..255 pixel range.
    """

    def __init__(self, height: int, width: int, learning_rate: float) -> None:
        self.image = tf.Variable(tf.zeros([1, height, width, 3]), name="image")
        self._optimizer = keras.optimizers.Adam(learning_rate)
        self._optimizer.build([self.image])

    def start(self, pixels: Tensor) -> None:
        """Begin at `pixels` with zero moments."""
        self.image.assign(pixels)
        for variable in self._optimizer.variables:
            if variable is not self._optimizer.learning_rate:
                variable.assign(tf.zeros_like(variable.value))

    def step(self, evaluate: Evaluate) -> Tensor:
        """One step; returns the loss terms before it."""
        terms, gradient = evaluate(self.image.value())
        if finite(gradient):
            self._optimizer.apply([gradient], [self.image])
            self.image.assign(boxed(self.image))
        return terms
