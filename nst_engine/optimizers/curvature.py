"""The curvature of a loss, as L-BFGS remembers it from the last steps."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import tensorflow as tf

from nst_engine.types import Tensor

MOST_PAIRS, FEWEST_PAIRS = 40, 10
"""Pairs of steps and gradient changes that are remembered: of small pictures the most, of large ones the fewest."""

HISTORY_BYTES = 2**27
"""What the pairs may take of memory where more than the fewest are kept."""

_LEAST_CURVATURE = 1e-8


def pairs_kept(length: int) -> int:
    """How many pairs of float32 vectors of that length are remembered."""
    return max(FEWEST_PAIRS, min(MOST_PAIRS, HISTORY_BYTES // (2 * 4 * length)))


class Curvature:
    """What is remembered of steps and gradient changes, and the inverse Hessian estimate that follows.

    `H g` is taken in its compact form (Byrd, Nocedal and Schnabel, 1994, theorem 2.2), that of algorithm 7.4 of Nocedal
    and Wright (2006) with its two loops solved as triangular systems: the long vectors are read twice, and once more
    when a pair is added. The first estimate is `gamma P`, P a prior, where the textbook takes the identity for P.

    The vectors are variables of their own: a shift passes them on without copying any.

    Args:
        length: of the vectors.
        prior: times a vector, [length] to [length]; symmetric and positive definite.
    """

    def __init__(self, length: int, prior: Callable[[Tensor], Tensor]) -> None:
        self._prior, pairs = prior, range(pairs_kept(length))
        self._S = [tf.Variable(tf.zeros([length]), name="step") for _ in pairs]
        self._Y = [tf.Variable(tf.zeros([length]), name="gradient_change") for _ in pairs]
        self._R = tf.Variable(tf.eye(len(pairs)), name="steps_by_later_changes")
        self._gamma = tf.Variable(0.0, name="gamma")

    @property
    def known(self) -> Tensor:
        """Whether anything is remembered."""
        return self._gamma > 0

    def forget(self) -> None:
        """Remember nothing."""
        for memory in (*self._S, *self._Y, self._gamma):
            memory.assign(tf.zeros_like(memory))
        self._R.assign(tf.eye(len(self._S)))

    def remember(self, s: Tensor, y: Tensor) -> None:
        """Add a step and its gradient change, [length] each, unless the loss curves down along it."""
        curvature = tf.reduce_sum(s * y)
        if curvature > _LEAST_CURVATURE * tf.norm(s) * tf.norm(y):
            for vectors, newest in ((self._S, s), (self._Y, y)):
                for place, following in pairwise(vectors):
                    place.assign(following)
                vectors[-1].assign(newest)
            self._R.assign(_shifted(self._R, _products(self._S, y)))
            self._gamma.assign(curvature / tf.reduce_sum(y * self._prior(y)))

    def times(self, g: Tensor) -> Tensor:
        """The inverse Hessian estimate times a vector, [length]; the prior times it where nothing is remembered."""
        S, Y = ([vector.value() for vector in vectors] for vectors in (self._S, self._Y))
        R = self._R.value()
        alpha = _solved(R, _products(S, g), adjoint=False)
        first = tf.where(self.known, self._gamma, 1.0) * self._prior(_combined(g, -alpha, Y))
        beta = _solved(R, tf.linalg.diag_part(R) * alpha - _products(Y, first), adjoint=True)
        return _combined(first, beta, S)


def _solved(R: Tensor, b: Tensor, *, adjoint: bool) -> Tensor:
    """`R^-1 b`, or `R^-T b`, of an upper triangle."""
    return tf.linalg.triangular_solve(R, b[:, tf.newaxis], lower=False, adjoint=adjoint)[:, 0]


def _shifted(R: Tensor, column: Tensor) -> Tensor:
    """The upper triangle without its first row and column, with a last column."""
    above = tf.concat([R[1:, 1:], tf.zeros_like(column[tf.newaxis, 1:])], axis=0)
    return tf.concat([above, column[:, tf.newaxis]], axis=1)


def _products(vectors: Sequence[Tensor], v: Tensor) -> Tensor:
    """Inner products of m vectors [n] with another, [m], one after the other: in the memory of one vector, not of all.

    A sum of products, for TensorFlow's own inner product of long vectors takes three times as long.
    """
    values: list[Tensor] = []
    for vector in vectors:
        with tf.control_dependencies(values[-1:]):
            values.append(tf.reduce_sum(vector * v))
    return tf.stack(values)


def _combined(start: Tensor, factors: Tensor, vectors: Sequence[Tensor]) -> Tensor:
    """`start + sum(factor * vector)`, one after the other: in the memory of two vectors, not of all."""
    total = start
    for factor, vector in zip(tf.unstack(factors), vectors, strict=True):
        with tf.control_dependencies([total]):
            total += factor * vector
    return total
