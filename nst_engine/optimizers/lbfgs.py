"""L-BFGS projected on the pixel box, one evaluation a step."""

from collections.abc import Callable

import tensorflow as tf

from nst_engine.optimizers.base import BLACK, WHITE, boxed, finite
from nst_engine.optimizers.curvature import Curvature
from nst_engine.optimizers.prior import Prior
from nst_engine.types import Tensor

SUFFICIENT_DECREASE = 1e-4
SHRINK = 0.4
SHORTEST = 1e-3
FARTHEST = 8.0
"""Root mean square of the pixel changes that no first trial exceeds: far from the optimum curvature says little."""

FIRST_MOVE = 4.0
"""Root mean square of the pixel changes of a trial along the steepest descent."""


def free(x: Tensor, g: Tensor) -> Tensor:
    """1 where a pixel can move against its gradient, 0 where the box holds it (Bertsekas, 1982)."""
    held = ((x <= BLACK) & (g > 0)) | ((x >= WHITE) & (g < 0))
    return tf.where(held, 0.0, 1.0)


def rms(x: Tensor) -> Tensor:
    """Root mean square, a scalar."""
    return tf.sqrt(tf.reduce_mean(tf.square(x)))


class ProjectedLBFGS:
    """L-BFGS whose iterates are projected on the pixel box.

    A step evaluates one trial picture. A trial that lowers the loss enough (Armijo's rule along the
    projection arc) becomes the picture and gives the next direction; another is pulled closer. A
    direction that keeps failing is given up, and the memory with it: steepest descent follows. The loss
    of the picture never rises.

    Args:
        height, width: size of the picture in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        shape, count = [1, height, width, 3], height * width * 3
        self._image = tf.Variable(tf.zeros(shape), name="image")
        self._trial = tf.Variable(tf.zeros(shape), name="trial")
        self._terms = tf.Variable(tf.zeros([4]), name="terms")
        self._gradient = tf.Variable(tf.zeros(shape), name="gradient")
        self._direction = tf.Variable(tf.zeros(shape), name="direction")
        self._length = tf.Variable(0.0, name="length")
        self._prior = Prior(height, width)
        self._curvature = Curvature(count, self._prior.times)

    @property
    def image(self) -> Tensor:
        """The picture, [1, height, width, 3], float32, in [0, 255]."""
        return self._image.value()

    @property
    def trial(self) -> Tensor:
        """The next picture to be tried, of the picture's shape and range."""
        return self._trial.value()

    @property
    def candidates(self) -> tuple[Tensor, ...]:
        """The picture alone: it is the best that was tried."""
        return (self.image,)

    def start(self, pixels: Tensor) -> None:
        """Begin at `pixels` without any memory."""
        self._image.assign(pixels)
        self._trial.assign(pixels)
        self._terms.assign(tf.fill([4], float("inf")))
        self._direction.assign(tf.zeros_like(pixels))
        self._curvature.forget()

    def tell(self, terms: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """One step; returns the loss terms of the picture before it, or of the very first trial.

        The rate is the length of the first trial along a direction; 1 is Newton's.
        """
        before = tf.where(tf.math.is_inf(self._terms), terms, self._terms)
        if self._accepts(terms) and finite(gradient):
            self._remember(gradient)
            self._image.assign(self._trial)
            self._terms.assign(terms)
            self._gradient.assign(gradient)
            self._aim(rate)
        else:
            self._shorten()
        self._trial.assign(boxed(self.image + self._length * self._direction))
        return before

    def retreat(self) -> None:
        """Forget the curvature; the picture is the best one as it is."""
        self.start(self.image)

    def _accepts(self, terms: Tensor) -> Tensor:
        slope = tf.reduce_sum(self._gradient * (self._trial - self.image))
        return terms[3] <= self._terms[3] + SUFFICIENT_DECREASE * slope

    def _remember(self, gradient: Tensor) -> None:
        s, y = self._trial - self.image, gradient - self._gradient
        self._curvature.remember(tf.reshape(s, [-1]), tf.reshape(y, [-1]))

    def _aim(self, rate: Tensor) -> None:
        """The next direction, and how far along it the first trial lies."""
        direction = self._downhill(self._curvature.times)
        downhill = tf.reduce_sum(direction * self._gradient) < 0
        if downhill and self._curvature.known:
            self._direction.assign(direction)
            self._length.assign(tf.minimum(rate, FARTHEST / rms(direction)))
        else:
            self._descend_steepest()

    def _shorten(self) -> None:
        self._length.assign(self._length * SHRINK)
        if self._length < SHORTEST and self._curvature.known:
            self._descend_steepest()

    def _descend_steepest(self) -> None:
        """Forget the curvature; the direction is the steepest in the norm of the prior."""
        self._curvature.forget()
        direction = self._downhill(self._prior.times)
        self._direction.assign(tf.math.divide_no_nan(direction, rms(direction)))
        self._length.assign(FIRST_MOVE)

    def _downhill(self, inverse: Callable[[Tensor], Tensor]) -> Tensor:
        """Against the gradient, times an inverse Hessian, along the pixels that the box leaves free."""
        mask = free(self.image, self._gradient)
        step = inverse(tf.reshape(self._gradient * mask, [-1]))
        return -tf.reshape(step, tf.shape(mask)) * mask
