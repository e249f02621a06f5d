"""What is known of a picture's way before its first step: how far it goes in brightness and in colour."""

import numpy as np
import tensorflow as tf

from nst_engine.types import Tensor

_EXPONENT, _FLOOR, _UNIT = -0.75, 0.02, 8.0


class Prior:
    """A symmetric positive definite `P` for pictures, by which a gradient becomes a step.

    A pattern of `f` cycles a pixel in brightness, the mean of the channels, is multiplied by `(8 (f + 0.02))^-0.75`:
    what is wide goes farther than its gradient says, what is narrower than ten pixels less far. Differences between
    the channels are left as they are.

    It follows how far pictures under way in VGG16 were from their optimum, frequency by frequency and colour by colour,
    beside their gradients. The inverse of the mean curvature there would be worse than no prior: a few stiff patterns
    rule that mean, and those are soon learnt.
    """

    def __init__(self) -> None:
        self._size = tf.Variable([0, 0], name="size")
        self._gain = tf.Variable(tf.zeros([0, 0]), shape=[None, None], name="gain")

    def start(self, height: int, width: int) -> None:
        """Be the one for pictures of that size in pixels."""
        frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
        self._size.assign([height, width])
        self._gain.assign(((frequency + _FLOOR) * _UNIT) ** _EXPONENT)

    def times(self, v: Tensor) -> Tensor:
        """`P v`, [height * width * 3]."""
        return self._weighed(v, self._gain)

    def inverse_times(self, v: Tensor) -> Tensor:
        """`P^-1 v`, [height * width * 3]."""
        return self._weighed(v, 1 / self._gain)

    def _weighed(self, v: Tensor, gain: Tensor) -> Tensor:
        """The picture with each frequency of its brightness multiplied."""
        picture = tf.reshape(v, [*tf.unstack(self._size), 3])
        spectrum = tf.signal.rfft2d(tf.reduce_mean(picture, axis=-1))
        change = tf.signal.irfft2d(spectrum * tf.cast(gain - 1, tf.complex64), self._size)
        return tf.reshape(picture + change[..., tf.newaxis], [-1])
