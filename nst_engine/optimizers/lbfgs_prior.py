"""What is known of a picture's way before its first step: how far it goes in brightness and in colour."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.losses.squares import sum_of_squares
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
        self._share = tf.Variable(tf.zeros([0]), shape=[None], name="share")

    def start(self, height: int, width: int) -> None:
        """Be the one for pictures of that size in pixels."""
        frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
        self._size.assign([height, width])
        self._gain.assign(((frequency + _FLOOR) * _UNIT) ** _EXPONENT)
        self._share.assign(_times_met(width) * 3 / (height * width))

    def times(self, v: Tensor) -> Tensor:
        """`P v`, [height * width * 3]."""
        picture = self._picture(v)
        change = tf.signal.irfft2d(self._spectrum(picture) * tf.cast(self._gain - 1, tf.complex64), self._size)
        return tf.reshape(picture + change[..., tf.newaxis], [-1])

    def inverse_form(self, v: Tensor) -> Tensor:
        """`v^T P^-1 v`, a scalar: the squares of a spectrum, weighed, by Parseval's theorem."""
        energy = self._share * tf.square(tf.abs(self._spectrum(self._picture(v))))
        return sum_of_squares(v) + tf.reduce_sum((1 / self._gain - 1) * energy)

    def _picture(self, v: Tensor) -> Tensor:
        return tf.reshape(v, [*tf.unstack(self._size), 3])

    @staticmethod
    def _spectrum(picture: Tensor) -> Tensor:
        """Of the brightness."""
        return tf.signal.rfft2d(tf.reduce_mean(picture, axis=-1))


def _times_met(width: int) -> npt.NDArray[np.float64]:
    """How often each horizontal frequency of a half spectrum is in the whole one: the others are conjugates."""
    frequencies = np.arange(width // 2 + 1)
    return np.where((frequencies == 0) | (2 * frequencies == width), 1.0, 2.0)
