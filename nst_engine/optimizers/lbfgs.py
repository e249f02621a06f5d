"""L-BFGS projected on the pixel box, one evaluation a step."""

from collections.abc import Callable

import tensorflow as tf

from nst_engine.optimizers.base import BLACK, WHITE, boxed, finite
from nst_engine.optimizers.lbfgs_memory import Curvature
from nst_engine.optimizers.lbfgs_prior import Prior
from nst_engine.registry.losses import LOSS_NAMES, TOTAL
from nst_engine.types import Tensor

SUFFICIENT_DECREASE = 1e-4
SHRINK = 0.4
SHORTEST = 1e-3
FIRST_MOVE, FIRST_RADIUS, FARTHEST = 2.0, 4.0, 16.0
"""Root mean squares of pixel changes: of a trial along the steepest descent, and the first and the largest radius."""

POOR, GOOD = 0.5, 0.75
"""Shares of the decrease that the curvature predicts: below the one it is trusted less far, above the other farther."""

_NOTHING = (1, 0, 0, 3)
"""Shape of a picture without pixels."""


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
    projection arc) becomes the picture and gives the next direction. Another one is remembered as well,
    for its gradient tells the curvature that was not foreseen, and the next trial is half as far. (So do
    trust regions of quasi-Newton methods: Nocedal and Wright, 2006, algorithm 6.2.) Where trials keep
    failing, the memory is given up: steepest descent follows. The loss of the picture never rises.

    A first trial stays within a radius, which follows how well the decreases were predicted, as that of
    a trust region does (Nocedal and Wright, 2006, algorithm 4.1). Without it, early trials cross the
    valley again and again, each a little lower than the last.

    Each start may be at a picture of another size.
    """

    def __init__(self) -> None:
        self._image = _picture("image")
        self._trial = _picture("trial")
        self._terms = tf.Variable(tf.zeros([len(LOSS_NAMES)]), name="terms")
        self._gradient = _picture("gradient")
        self._direction = _picture("direction")
        self._length = tf.Variable(0.0, name="length")
        self._radius = tf.Variable(0.0, name="radius")
        self._prior = Prior()
        self._curvature = Curvature(self._prior)

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
        self._terms.assign(tf.fill([len(LOSS_NAMES)], float("inf")))
        self._gradient.assign(tf.zeros_like(pixels))
        self._direction.assign(tf.zeros_like(pixels))
        self._prior.start(*pixels.shape[1:3])
        self._curvature.start(tf.size(pixels).numpy())

    def rest(self) -> None:
        """Give back the memory of the pictures and of the curvature."""
        for picture in (self._image, self._trial, self._gradient, self._direction):
            picture.assign(tf.zeros(_NOTHING))
        self._curvature.rest()

    def tell(self, terms: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """One step; returns the loss terms of the picture before it, or of the very first trial.

        The rate is the length of the first trial along a direction; 1 is Newton's.
        """
        before = tf.where(tf.math.is_inf(self._terms), terms, self._terms)
        step = self._trial - self.image
        slope = tf.reduce_sum(self._gradient * step)
        decrease = self._terms[TOTAL] - terms[TOTAL]
        if decrease >= -SUFFICIENT_DECREASE * slope and finite(gradient):
            self._trust(step, decrease / self._predicted(slope))
            self._curvature.remember(_flat(step), _flat(gradient - self._gradient))
            self._image.assign(self._trial)
            self._terms.assign(terms)
            self._gradient.assign(gradient)
            self._aim(rate)
        elif self._curvature.known and self._length > SHORTEST and finite(gradient):
            self._radius.assign(rms(step) / 2)
            self._curvature.remember(_flat(step), _flat(gradient - self._gradient))
            self._aim(rate)
        else:
            self._shorten()
        self._trial.assign(boxed(self.image + self._length * self._direction))
        return before

    def retreat(self) -> None:
        """Forget the curvature; the picture is the best one as it is."""
        self.start(self.image)

    def _predicted(self, slope: Tensor) -> Tensor:
        """How much the loss decreases along the trial if it is the quadratic whose minimum is Newton's step."""
        return -slope * (1 - tf.minimum(self._length, 1.0) / 2)

    def _trust(self, step: Tensor, share: Tensor) -> None:
        """Set the radius after a step that lowered the loss by that share of what was predicted."""
        if self._curvature.known and share < POOR:
            self._radius.assign(rms(step) / 2)
        elif self._curvature.known and share > GOOD and rms(step) > self._radius / 2:
            self._radius.assign(tf.minimum(2 * self._radius, FARTHEST))

    def _aim(self, rate: Tensor) -> None:
        """The next direction, and how far along it the first trial lies."""
        direction = self._downhill(self._curvature.times)
        downhill = tf.reduce_sum(direction * self._gradient) < 0
        if downhill and self._curvature.known:
            self._direction.assign(direction)
            self._length.assign(tf.minimum(rate, self._radius / rms(direction)))
        else:
            self._descend_steepest()

    def _shorten(self) -> None:
        self._length.assign(self._length * SHRINK)
        self._radius.assign(tf.minimum(self._radius, self._length * rms(self._direction)))
        if self._length < SHORTEST and self._curvature.known:
            self._descend_steepest()

    def _descend_steepest(self) -> None:
        """Forget the curvature; the direction is the steepest in the norm of the prior."""
        self._curvature.forget()
        direction = self._downhill(self._prior.times)
        self._direction.assign(tf.math.divide_no_nan(direction, rms(direction)))
        self._length.assign(FIRST_MOVE)
        self._radius.assign(FIRST_RADIUS)

    def _downhill(self, inverse: Callable[[Tensor], Tensor]) -> Tensor:
        """Against the gradient, times an inverse Hessian, along the pixels that the box leaves free."""
        mask = free(self.image, self._gradient)
        return -tf.reshape(inverse(_flat(self._gradient * mask)), tf.shape(mask)) * mask


def _picture(name: str) -> tf.Variable:
    """A variable for a picture of any size."""
    return tf.Variable(tf.zeros(_NOTHING), shape=[1, None, None, 3], name=name)


def _flat(pixels: Tensor) -> Tensor:
    return tf.reshape(pixels, [-1])
