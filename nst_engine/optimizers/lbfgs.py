"""L-BFGS projected on the pixel box, one evaluation a step."""

import tensorflow as tf

from nst_engine.optimizers.base import BLACK, WHITE, Evaluate, boxed, finite
from nst_engine.types import Tensor

MEMORY = 20
"""Pairs of steps and gradient changes that the curvature is estimated from."""

SUFFICIENT_DECREASE = 1e-4
SHRINK = 0.4
SHORTEST = 1e-3
FARTHEST = 16.0
"""Root mean square of the pixel changes that no first trial exceeds: far from the optimum curvature says little."""

FIRST_MOVE = 4.0
"""Root mean square of the pixel changes of a trial along the steepest descent."""

CURVATURE = 1e-8


def two_loop(q: Tensor, S: Tensor, Y: Tensor, rho: Tensor, newest: Tensor) -> Tensor:
    """`H q`, the inverse Hessian estimate times a vector (Nocedal and Wright, 2006, algorithm 7.4).

    Args:
        q: a vector, [n].
        S, Y: steps and gradient changes, [m, n], as rings.
        rho: `1 / (y^T s)` for each pair, [m]; 0 marks an empty place.
        newest: index of the newest pair, a scalar.

    Returns:
        [n]; `q` itself where there is no pair.
    """
    m = S.shape[0]
    order = [(newest - age) % m for age in range(m)]
    alphas = []
    for i in order:
        alphas.append(rho[i] * tf.tensordot(S[i], q, 1))
        q -= alphas[-1] * Y[i]
    s, y = S[newest], Y[newest]
    r = q * tf.where(rho[newest] > 0, tf.math.divide_no_nan(tf.tensordot(s, y, 1), tf.tensordot(y, y, 1)), 1.0)
    for i, alpha in zip(reversed(order), reversed(alphas), strict=True):
        beta = rho[i] * tf.tensordot(Y[i], r, 1)
        r += (alpha - beta) * S[i]
    return r


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
        learning_rate: length of the first trial along each direction, 1 is Newton's.
    """

    def __init__(self, height: int, width: int, learning_rate: float) -> None:
        shape, count = [1, height, width, 3], height * width * 3
        self.image = tf.Variable(tf.zeros(shape), name="image")
        self._first_length = learning_rate
        self._trial = tf.Variable(tf.zeros(shape), name="trial")
        self._terms = tf.Variable(tf.zeros([4]), name="terms")
        self._gradient = tf.Variable(tf.zeros(shape), name="gradient")
        self._direction = tf.Variable(tf.zeros(shape), name="direction")
        self._length = tf.Variable(0.0, name="length")
        self._S = tf.Variable(tf.zeros([MEMORY, count]), name="steps")
        self._Y = tf.Variable(tf.zeros([MEMORY, count]), name="gradient_changes")
        self._rho = tf.Variable(tf.zeros([MEMORY]), name="rho")
        self._newest = tf.Variable(0, name="newest")

    def start(self, pixels: Tensor) -> None:
        """Begin at `pixels` without any memory."""
        self.image.assign(pixels)
        self._trial.assign(pixels)
        self._terms.assign(tf.fill([4], float("inf")))
        self._forget()

    def step(self, evaluate: Evaluate) -> Tensor:
        """One evaluation; returns the loss terms of the picture before the step, or of the very first trial."""
        terms, gradient = evaluate(self._trial.value())
        before = tf.where(tf.math.is_inf(self._terms), terms, self._terms)
        if self._accepts(terms) and finite(gradient):
            self._remember(gradient)
            self.image.assign(self._trial)
            self._terms.assign(terms)
            self._gradient.assign(gradient)
            self._aim()
        else:
            self._shorten()
        self._trial.assign(boxed(self.image + self._length * self._direction))
        return before

    def _accepts(self, terms: Tensor) -> Tensor:
        slope = tf.reduce_sum(self._gradient * (self._trial - self.image))
        return terms[3] <= self._terms[3] + SUFFICIENT_DECREASE * slope

    def _remember(self, gradient: Tensor) -> None:
        s = tf.reshape(self._trial - self.image, [-1])
        y = tf.reshape(gradient - self._gradient, [-1])
        curvature = tf.tensordot(s, y, 1)
        if curvature > CURVATURE * tf.norm(s) * tf.norm(y):
            place = (self._newest + 1) % MEMORY
            self._S.scatter_nd_update([[place]], [s])
            self._Y.scatter_nd_update([[place]], [y])
            self._rho.scatter_nd_update([[place]], [1 / curvature])
            self._newest.assign(place)

    def _aim(self) -> None:
        """The next direction, and how far along it the first trial lies."""
        mask = free(self.image, self._gradient)
        g = tf.reshape(self._gradient * mask, [-1])
        newton = two_loop(g, self._S.value(), self._Y.value(), self._rho.value(), self._newest.value())
        direction = -tf.reshape(newton, tf.shape(mask)) * mask
        downhill = tf.reduce_sum(direction * self._gradient) < 0
        if downhill and tf.reduce_any(self._rho > 0):
            self._direction.assign(direction)
            self._length.assign(tf.minimum(self._first_length, FARTHEST / rms(direction)))
        else:
            self._descend_steepest()

    def _shorten(self) -> None:
        self._length.assign(self._length * SHRINK)
        if self._length < SHORTEST and tf.reduce_any(self._rho > 0):
            self._descend_steepest()

    def _descend_steepest(self) -> None:
        """Forget the curvature; the direction is the negative gradient."""
        self._forget()
        g = self._gradient * free(self.image, self._gradient)
        self._direction.assign(tf.math.divide_no_nan(-g, rms(g)))
        self._length.assign(FIRST_MOVE)

    def _forget(self) -> None:
        self._rho.assign(tf.zeros_like(self._rho))
        self._newest.assign(0)
