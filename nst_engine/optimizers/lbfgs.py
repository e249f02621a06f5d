"""L-BFGS projected on the pixel box, one evaluation a step."""

import tensorflow as tf

from nst_engine.optimizers.base import BLACK, WHITE, Evaluate, boxed, finite
from nst_engine.types import Tensor

MEMORY = 10
"""Pairs of steps and gradient changes that the curvature is estimated from."""

SUFFICIENT_DECREASE = 1e-4
SHRINK = 0.4
SHORTEST = 1e-3
FARTHEST = 16.0
"""Root mean square of the pixel changes that no first trial exceeds: far from the optimum curvature says little."""

FIRST_MOVE = 4.0
"""Root mean square of the pixel changes of a trial along the steepest descent."""

CURVATURE = 1e-8


def two_loop(g: Tensor, S: Tensor, Y: Tensor, rho: Tensor) -> Tensor:
    """`H g`, the inverse Hessian estimate times a vector (Nocedal and Wright, 2006, algorithm 7.4).

    The recursion runs on inner products, so that the long vectors are read in a few matrix products and not
    four times for each pair (Chen, Wang and Zhou, 2014).

    Args:
        g: a vector, [n].
        S, Y: steps and gradient changes, [m, n], the newest last.
        rho: `1 / (y^T s)` for each pair, [m]; 0 marks an empty place.

    Returns:
        [n]; `g` itself where there is no pair.
    """
    m = S.shape[0]
    SY, YY = tf.matmul(S, Y, transpose_b=True), tf.matmul(Y, Y, transpose_b=True)
    Sg, Yg = tf.linalg.matvec(S, g), tf.linalg.matvec(Y, g)
    alpha = tf.zeros([m])
    for i in reversed(range(m)):
        alpha += tf.one_hot(i, m) * rho[i] * (Sg[i] - tf.tensordot(SY[i], alpha, 1))
    gamma = tf.where(rho[-1] > 0, tf.math.divide_no_nan(SY[-1, -1], YY[-1, -1]), 1.0)
    Yq = gamma * (Yg - tf.linalg.matvec(YY, alpha))
    step = tf.zeros([m])
    for i in range(m):
        beta = rho[i] * (Yq[i] + tf.tensordot(SY[:, i], step, 1))
        step += tf.one_hot(i, m) * (alpha[i] - beta)
    return gamma * (g - tf.linalg.matvec(Y, alpha, transpose_a=True)) + tf.linalg.matvec(S, step, transpose_a=True)


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
        self._S = tf.Variable(tf.zeros([MEMORY, count]), name="steps")
        self._Y = tf.Variable(tf.zeros([MEMORY, count]), name="gradient_changes")
        self._rho = tf.Variable(tf.zeros([MEMORY]), name="rho")

    @property
    def image(self) -> Tensor:
        """The picture, [1, height, width, 3], float32, in [0, 255]."""
        return self._image.value()

    def start(self, pixels: Tensor) -> None:
        """Begin at `pixels` without any memory."""
        self._image.assign(pixels)
        self._trial.assign(pixels)
        self._terms.assign(tf.fill([4], float("inf")))
        self._direction.assign(tf.zeros_like(pixels))
        self._forget()

    def step(self, evaluate: Evaluate, rate: Tensor) -> Tensor:
        """One evaluation; returns the loss terms of the picture before the step, or of the very first trial.

        The rate is the length of the first trial along a direction; 1 is Newton's.
        """
        terms, gradient = evaluate(self._trial.value())
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
        s = tf.reshape(self._trial - self.image, [-1])
        y = tf.reshape(gradient - self._gradient, [-1])
        curvature = tf.tensordot(s, y, 1)
        if curvature > CURVATURE * tf.norm(s) * tf.norm(y):
            for memory, newest in ((self._S, s), (self._Y, y), (self._rho, 1 / curvature)):
                memory.assign(tf.concat([memory[1:], newest[tf.newaxis]], axis=0))

    def _aim(self, rate: Tensor) -> None:
        """The next direction, and how far along it the first trial lies."""
        mask = free(self.image, self._gradient)
        g = tf.reshape(self._gradient * mask, [-1])
        newton = two_loop(g, self._S.value(), self._Y.value(), self._rho.value())
        direction = -tf.reshape(newton, tf.shape(mask)) * mask
        downhill = tf.reduce_sum(direction * self._gradient) < 0
        if downhill and tf.reduce_any(self._rho > 0):
            self._direction.assign(direction)
            self._length.assign(tf.minimum(rate, FARTHEST / rms(direction)))
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
        for memory in (self._S, self._Y, self._rho):
            memory.assign(tf.zeros_like(memory))
