"""The curvature that L-BFGS knows from the last steps."""

from typing import Protocol

import tensorflow as tf

from nst_engine.types import Tensor

MOST_PAIRS, FEWEST_PAIRS = 40, 10
"""Remembered pairs of a step and its gradient change: the most for small pictures, the fewest for large ones."""

HISTORY_BYTES = 2**28
"""Memory for the pairs, in bytes; the fewest pairs may take more."""

_LEAST_CURVATURE = 1e-8

_ROWS_AT_ONCE = 16
"""Rows of float32 numbers whose end is on a boundary of 64 bytes, whatever their length: TensorFlow copies a slice of a
matrix that ends elsewhere."""


def pair_count(length: int) -> int:
    """The number of remembered pairs of float32 vectors of that length."""
    return max(FEWEST_PAIRS, min(MOST_PAIRS, HISTORY_BYTES // (2 * 4 * length)))


class Metric(Protocol):
    """A symmetric positive definite matrix `P`, for vectors of one length."""

    def times(self, v: Tensor) -> Tensor:
        """`P v`, [length]."""

    def inverse_form(self, v: Tensor) -> Tensor:
        """`v^T P^-1 v`, a scalar."""


class Vectors:
    """Vectors of one length, the rows of a matrix, which are replaced one at a time.

    There are none before `allocate` and after `release`.
    """

    def __init__(self) -> None:
        self._rows = tf.Variable(tf.zeros([0, 0]), shape=[None, None], name="vectors")

    def allocate(self, count: int, length: int) -> None:
        """Allocate `count` vectors of `length` zeros."""
        self._rows.assign(tf.zeros([count, length]))

    def release(self) -> None:
        """Release the memory."""
        self._rows.assign(tf.zeros([0, 0]))

    def replace(self, place: Tensor, v: Tensor) -> None:
        """Replace the vector at an index by `v`, [length], in place.

        TensorFlow's other ways to change a row copy the whole matrix, now or at each read.
        """
        changed = tf.raw_ops.InplaceUpdate(x=self._rows, i=[place], v=v[tf.newaxis])
        self._rows.assign(changed, read_value=False)

    def products(self, v: Tensor, filled: Tensor) -> Tensor:
        """Inner products with a vector, [length] to [count]; 0 beyond the first `filled` rows, or a few more."""
        products = tf.linalg.matvec(self._first(filled), v)
        return tf.pad(products, [[0, tf.shape(self._rows)[0] - tf.size(products)]])

    def weighted_sum(self, factors: Tensor, filled: Tensor) -> Tensor:
        """The sum of the vectors times their factors, [count] to [length]; factors beyond `filled` must be 0."""
        rows = self._first(filled)
        return tf.linalg.matvec(rows, factors[: tf.shape(rows)[0]], transpose_a=True)

    def _first(self, filled: Tensor) -> Tensor:
        """The first `filled` rows and perhaps a few more; reading fewer rows saves time."""
        return self._rows[: tf.minimum(-(-filled // _ROWS_AT_ONCE) * _ROWS_AT_ONCE, tf.shape(self._rows)[0])]


class Curvature:
    """Remembers steps and gradient changes, and estimates the inverse Hessian from them.

    `H g` is computed in compact form (Byrd, Nocedal and Schnabel, 1994, theorem 2.2). This is algorithm 7.4 of Nocedal
    and Wright (2006), its two loops solved as triangular systems: the only long operations are four products with a
    matrix, and a fifth when a pair is added. The initial estimate is `gamma P` with a prior P, which is the identity in
    the textbook. Gamma is the larger of the two scales of Barzilai and Borwein (1988) in the norm of P,
    `s^T P^-1 s / s^T y`. The textbook takes the smaller, the scale of the stiffest patterns; the pairs soon know these
    better.

    A new pair replaces the oldest one in `S` and `Y`; the rows and columns of `R` are in order of age.

    Args:
        prior: the P of the initial estimate.
    """

    def __init__(self, prior: Metric) -> None:
        self._prior = prior
        self._S, self._Y = Vectors(), Vectors()
        self._R = tf.Variable(tf.zeros([0, 0]), shape=[None, None], name="steps_by_later_changes")
        self._oldest = tf.Variable(0, name="place_of_the_oldest")
        self._known = tf.Variable(0, name="pairs_known")
        self._gamma = tf.Variable(1.0, name="gamma")

    @property
    def has_pairs(self) -> Tensor:
        """True if at least one pair is remembered; a boolean scalar tensor."""
        return self._known > 0

    def start(self, length: int) -> None:
        """Allocate pairs of vectors of that length, and remember nothing."""
        pairs = pair_count(length)
        self._S.allocate(pairs, length)
        self._Y.allocate(pairs, length)
        self._R.assign(tf.eye(pairs))
        self.forget()

    def rest(self) -> None:
        """Release the memory of the pairs until the next start."""
        self._S.release()
        self._Y.release()

    def forget(self) -> None:
        """Remember nothing; the vectors stay in memory, but are no longer used."""
        self._R.assign(tf.eye(self._pairs))
        self._oldest.assign(0)
        self._known.assign(0)
        self._gamma.assign(1.0)

    def remember(self, s: Tensor, y: Tensor) -> None:
        """Add a step and its gradient change, [length] each, unless the curvature along the step is negative."""
        curvature = tf.reduce_sum(s * y)
        if curvature > _LEAST_CURVATURE * tf.norm(s) * tf.norm(y):
            self._S.replace(self._oldest, s)
            self._Y.replace(self._oldest, y)
            self._oldest.assign((self._oldest + 1) % self._pairs)
            self._known.assign(tf.minimum(self._known + 1, self._pairs))
            self._R.assign(_shift(self._R, self._products(self._S, y)))
            self._gamma.assign(self._prior.inverse_form(s) / curvature)

    def times(self, g: Tensor) -> Tensor:
        """The inverse Hessian estimate times a vector, [length]; without pairs, the prior times the vector."""
        R = self._R.value()
        alpha = _solve(R, self._products(self._S, g), adjoint=False)
        first = self._gamma * self._prior.times(g - self._weighted_sum(self._Y, alpha))
        beta = _solve(R, tf.linalg.diag_part(R) * alpha - self._products(self._Y, first), adjoint=True)
        return first + self._weighted_sum(self._S, beta)

    @property
    def _pairs(self) -> Tensor:
        """The number of pairs that fit."""
        return tf.shape(self._R)[0]

    def _products(self, vectors: Vectors, v: Tensor) -> Tensor:
        """Inner products of the pairs' vectors with `v`, the oldest first, 0 for absent pairs: [pairs]."""
        products = tf.roll(vectors.products(v, self._known), -self._oldest, axis=0)
        ages = tf.range(self._pairs, 0, -1)
        return tf.where(ages <= self._known, products, 0.0)

    def _weighted_sum(self, vectors: Vectors, factors: Tensor) -> Tensor:
        """The sum of the pairs' vectors times their factors, given the oldest first: [length]."""
        return vectors.weighted_sum(tf.roll(factors, self._oldest, axis=0), self._known)


def _solve(R: Tensor, b: Tensor, *, adjoint: bool) -> Tensor:
    """`R^-1 b`, or `R^-T b` if `adjoint`, for an upper triangular R."""
    return tf.linalg.triangular_solve(R, b[:, tf.newaxis], lower=False, adjoint=adjoint)[:, 0]


def _shift(R: Tensor, column: Tensor) -> Tensor:
    """Drop the first row and column of an upper triangle, and append a column."""
    above = tf.concat([R[1:, 1:], tf.zeros_like(column[tf.newaxis, 1:])], axis=0)
    return tf.concat([above, column[:, tf.newaxis]], axis=1)
