"""L-BFGS projected on the pixel box, one evaluation a step."""

from collections.abc import Sequence
from itertools import pairwise

import tensorflow as tf

from nst_engine.optimizers.base import BLACK, WHITE, boxed, finite
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


def two_loop(g: Tensor, S: Sequence[Tensor], Y: Sequence[Tensor], SY: Tensor, YY: Tensor, rho: Tensor) -> Tensor:
    """`H g`, the inverse Hessian estimate times a vector (Nocedal and Wright, 2006, algorithm 7.4).

    The recursion runs on inner products, so that the long vectors are read twice and not four times for each
    pair (Chen, Wang and Zhou, 2014).

    Args:
        g: a vector, [n].
        S, Y: steps and gradient changes, m of [n] each, the newest last.
        SY, YY: the inner products `s_i^T y_j` and `y_i^T y_j`, [m, m].
        rho: `1 / (y^T s)` for each pair, [m]; 0 marks an empty place.

    Returns:
        [n]; `g` itself where there is no pair.
    """
    m = len(S)
    Sg, Yg = products(S, g), products(Y, g)
    alpha = tf.zeros([m])
    for i in reversed(range(m)):
        alpha += tf.one_hot(i, m) * rho[i] * (Sg[i] - tf.tensordot(SY[i], alpha, 1))
    gamma = tf.where(rho[-1] > 0, tf.math.divide_no_nan(SY[-1, -1], YY[-1, -1]), 1.0)
    Yq = gamma * (Yg - tf.linalg.matvec(YY, alpha))
    step = tf.zeros([m])
    for i in range(m):
        beta = rho[i] * (Yq[i] + tf.tensordot(SY[:, i], step, 1))
        step += tf.one_hot(i, m) * (alpha[i] - beta)
    return combined(gamma * g, [*tf.unstack(-gamma * alpha), *tf.unstack(step)], [*Y, *S])


def products(vectors: Sequence[Tensor], v: Tensor) -> Tensor:
    """Inner products of m vectors [n] with another, [m], one after the other: in the memory of one vector, not of all.

    A sum of products, for TensorFlow's own inner product of long vectors takes three times as long.
    """
    values: list[Tensor] = []
    for vector in vectors:
        with tf.control_dependencies(values[-1:]):
            values.append(tf.reduce_sum(vector * v))
    return tf.stack(values)


def combined(start: Tensor, factors: Sequence[Tensor], vectors: Sequence[Tensor]) -> Tensor:
    """`start + sum(factor * vector)`, one after the other: in the memory of two vectors, not of all."""
    total = start
    for factor, vector in zip(factors, vectors, strict=True):
        with tf.control_dependencies([total]):
            total += factor * vector
    return total


def free(x: Tensor, g: Tensor) -> Tensor:
    """1 where a pixel can move against its gradient, 0 where the box holds it (Bertsekas, 1982)."""
    held = ((x <= BLACK) & (g > 0)) | ((x >= WHITE) & (g < 0))
    return tf.where(held, 0.0, 1.0)


def rms(x: Tensor) -> Tensor:
    """Root mean square, a scalar."""
    return tf.sqrt(tf.reduce_mean(tf.square(x)))


class Curvature:
    """What is remembered of steps and gradient changes, and the inverse Hessian estimate that follows.

    The vectors are variables of their own: a shift passes them on without copying any.

    Args:
        length: of the vectors.
    """

    def __init__(self, length: int) -> None:
        self._S = [tf.Variable(tf.zeros([length]), name="step") for _ in range(MEMORY)]
        self._Y = [tf.Variable(tf.zeros([length]), name="gradient_change") for _ in range(MEMORY)]
        self._SY = tf.Variable(tf.zeros([MEMORY, MEMORY]), name="steps_by_changes")
        self._YY = tf.Variable(tf.zeros([MEMORY, MEMORY]), name="changes_by_changes")
        self._rho = tf.Variable(tf.zeros([MEMORY]), name="rho")

    @property
    def known(self) -> Tensor:
        """Whether anything is remembered."""
        return self._rho[-1] > 0

    def forget(self) -> None:
        """Remember nothing."""
        for memory in (*self._S, *self._Y, self._SY, self._YY, self._rho):
            memory.assign(tf.zeros_like(memory))

    def remember(self, s: Tensor, y: Tensor) -> None:
        """Add a step and its gradient change, [length] each, unless the loss curves down along it."""
        curvature = tf.reduce_sum(s * y)
        if curvature > CURVATURE * tf.norm(s) * tf.norm(y):
            for vectors, newest in ((self._S, s), (self._Y, y)):
                for place, following in pairwise(vectors):
                    place.assign(following)
                vectors[-1].assign(newest)
            changes = products(self._Y, y)
            self._SY.assign(_shifted(self._SY, products(self._Y, s), products(self._S, y)))
            self._YY.assign(_shifted(self._YY, changes, changes))
            self._rho.assign(tf.concat([self._rho[1:], [1 / curvature]], axis=0))

    def times(self, g: Tensor) -> Tensor:
        """The inverse Hessian estimate times a vector."""
        S, Y = ([vector.value() for vector in vectors] for vectors in (self._S, self._Y))
        return two_loop(g, S, Y, self._SY.value(), self._YY.value(), self._rho.value())


def _shifted(matrix: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The matrix without its first row and column, with a last row and column; both end in the same number."""
    kept = tf.concat([matrix[1:, 1:], column[:-1, tf.newaxis]], axis=1)
    return tf.concat([kept, row[tf.newaxis]], axis=0)


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
        self._curvature = Curvature(count)

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
        mask = free(self.image, self._gradient)
        g = tf.reshape(self._gradient * mask, [-1])
        newton = self._curvature.times(g)
        direction = -tf.reshape(newton, tf.shape(mask)) * mask
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
        """Forget the curvature; the direction is the negative gradient."""
        self._curvature.forget()
        g = self._gradient * free(self.image, self._gradient)
        self._direction.assign(tf.math.divide_no_nan(-g, rms(g)))
        self._length.assign(FIRST_MOVE)
