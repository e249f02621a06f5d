"""L-BFGS projected onto the pixel box, with one evaluation a step."""

from collections.abc import Callable

import tensorflow as tf

from nst_engine.optimizers.base import BLACK, WHITE, clip_to_box, finite
from nst_engine.optimizers.lbfgs_memory import Curvature
from nst_engine.optimizers.lbfgs_prior import Prior
from nst_engine.registry.losses import LOSS_NAMES, TOTAL
from nst_engine.types import Tensor

SUFFICIENT_DECREASE = 1e-4
SHRINK = 0.4
SHORTEST = 1e-3
FIRST_MOVE, FIRST_RADIUS, FARTHEST = 2.0, 4.0, 16.0
"""Root mean square pixel changes: a trial along the steepest descent, the first radius, the largest radius."""

POOR, GOOD = 0.5, 0.75
"""Shares of the predicted decrease: below `POOR` the radius shrinks, above `GOOD` it grows."""

_EMPTY = (1, 0, 0, 3)
"""Shape of a picture without pixels."""


def free_mask(x: Tensor, g: Tensor) -> Tensor:
    """1 where a pixel can move against its gradient, 0 where the box holds it (Bertsekas, 1982)."""
    held = ((x <= BLACK) & (g > 0)) | ((x >= WHITE) & (g < 0))
    return tf.where(held, 0.0, 1.0)


def rms(x: Tensor) -> Tensor:
    """Root mean square, a scalar."""
    return tf.sqrt(tf.reduce_mean(tf.square(x)))


class ProjectedLBFGS:
    """L-BFGS with iterates projected onto the pixel box.

    A step evaluates one trial picture. A trial that lowers the loss enough (Armijo's rule along the
    projection arc) becomes the picture and gives the next direction. Any other trial is remembered too,
    since its gradient shows curvature that was not predicted, and the next trial goes half as far (as in
    trust-region quasi-Newton methods: Nocedal and Wright, 2006, algorithm 6.2). If trials keep failing,
    the memory is cleared and steepest descent follows. The loss of the picture never rises.

    The first trial along a direction stays within a radius, which grows and shrinks with the quality of
    the predicted decreases, as in a trust region (Nocedal and Wright, 2006, algorithm 4.1). Without it,
    early trials cross the valley again and again, each a little lower than the last.

    Each start may use a picture of another size.
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
        """The next picture to evaluate, of the shape and range of `image`."""
        return self._trial.value()

    @property
    def candidates(self) -> tuple[Tensor, ...]:
        """The picture alone: it is the best of all trials."""
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
        """Release the memory of the pictures and of the curvature."""
        for picture in (self._image, self._trial, self._gradient, self._direction):
            picture.assign(tf.zeros(_EMPTY))
        self._curvature.rest()

    def tell(self, terms: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """Take one step; return the loss terms of the picture before it, or of the very first trial.

        The rate is the length of the first trial along a direction; 1 is Newton's step.
        """
        before = tf.where(tf.math.is_inf(self._terms), terms, self._terms)
        step = self._trial - self.image
        slope = tf.reduce_sum(self._gradient * step)
        decrease = self._terms[TOTAL] - terms[TOTAL]
        if decrease >= -SUFFICIENT_DECREASE * slope and finite(gradient):
            self._update_radius(step, decrease / self._predicted_decrease(slope))
            self._curvature.remember(_flatten(step), _flatten(gradient - self._gradient))
            self._image.assign(self._trial)
            self._terms.assign(terms)
            self._gradient.assign(gradient)
            self._choose_direction(rate)
        elif self._curvature.has_pairs and self._length > SHORTEST and finite(gradient):
            self._radius.assign(rms(step) / 2)
            self._curvature.remember(_flatten(step), _flatten(gradient - self._gradient))
            self._choose_direction(rate)
        else:
            self._shorten_trial()
        self._trial.assign(clip_to_box(self.image + self._length * self._direction))
        return before

    def retreat(self) -> None:
        """Forget the curvature; the picture is already the best one."""
        self.start(self.image)

    def _predicted_decrease(self, slope: Tensor) -> Tensor:
        """The decrease of the loss at the trial, for the quadratic with its minimum at Newton's step."""
        return -slope * (1 - tf.minimum(self._length, 1.0) / 2)

    def _update_radius(self, step: Tensor, share: Tensor) -> None:
        """Adapt the radius after a step that lowered the loss by `share` of the predicted decrease."""
        if self._curvature.has_pairs and share < POOR:
            self._radius.assign(rms(step) / 2)
        elif self._curvature.has_pairs and share > GOOD and rms(step) > self._radius / 2:
            self._radius.assign(tf.minimum(2 * self._radius, FARTHEST))

    def _choose_direction(self, rate: Tensor) -> None:
        """Set the next direction, and the length of the first trial along it."""
        direction = self._descent_direction(self._curvature.times)
        downhill = tf.reduce_sum(direction * self._gradient) < 0
        if downhill and self._curvature.has_pairs:
            self._direction.assign(direction)
            self._length.assign(tf.minimum(rate, self._radius / rms(direction)))
        else:
            self._descend_steepest()

    def _shorten_trial(self) -> None:
        self._length.assign(self._length * SHRINK)
        self._radius.assign(tf.minimum(self._radius, self._length * rms(self._direction)))
        if self._length < SHORTEST and self._curvature.has_pairs:
            self._descend_steepest()

    def _descend_steepest(self) -> None:
        """Forget the curvature, and take the steepest direction in the norm of the prior."""
        self._curvature.forget()
        direction = self._descent_direction(self._prior.times)
        self._direction.assign(tf.math.divide_no_nan(direction, rms(direction)))
        self._length.assign(FIRST_MOVE)
        self._radius.assign(FIRST_RADIUS)

    def _descent_direction(self, inverse: Callable[[Tensor], Tensor]) -> Tensor:
        """The inverse Hessian times the negative gradient, for the pixels that the box leaves free."""
        mask = free_mask(self.image, self._gradient)
        return -tf.reshape(inverse(_flatten(self._gradient * mask)), tf.shape(mask)) * mask


def _picture(name: str) -> tf.Variable:
    """A variable for a picture of any size."""
    return tf.Variable(tf.zeros(_EMPTY), shape=[1, None, None, 3], name=name)


def _flatten(pixels: Tensor) -> Tensor:
    return tf.reshape(pixels, [-1])
