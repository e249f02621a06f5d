"""The curvature of a loss, as L-BFGS remembers it from the last steps."""

from typing import Protocol

import tensorflow as tf

from nst_engine.types import Tensor

MOST_PAIRS, FEWEST_PAIRS = 40, 10
"""Pairs of steps and gradient changes that are remembered: of small pictures the most, of large ones the fewest."""

HISTORY_BYTES = 2**28
"""What the pairs may take of memory where more than the fewest are kept."""

_LEAST_CURVATURE = 1e-8

_ROWS_AT_ONCE = 16
"""So many rows of float32 numbers end on a boundary of 64 bytes, whatever their length: TensorFlow copies a part of a
matrix that ends elsewhere."""


def pairs_kept(length: int) -> int:
    """How many pairs of float32 vectors of that length are remembered."""
    return max(FEWEST_PAIRS, min(MOST_PAIRS, HISTORY_BYTES // (2 * 4 * length)))


class Metric(Protocol):
    """A symmetric positive definite `P` for vectors of one length."""

    def times(self, v: Tensor) -> Tensor:
        """`P v`, [length]."""

    def inverse_form(self, v: Tensor) -> Tensor:
        """`v^T P^-1 v`, a scalar."""


class Vectors:
    """Vectors of one length, of which one at a time is replaced: the rows of a matrix.

    Before `take_room` and after `give_back` there are none.
    """

    def __init__(self) -> None:
        self._rows = tf.Variable(tf.zeros([0, 0]), shape=[None, None], name="vectors")

    def take_room(self, count: int, length: int) -> None:
        """Take the memory of so many vectors of so many numbers, all of them zeros."""
        self._rows.assign(tf.zeros([count, length]))

    def give_back(self) -> None:
        """Give back the memory."""
        self._rows.assign(tf.zeros([0, 0]))

    def replace(self, place: Tensor, v: Tensor) -> None:
        """Put a vector, [length], in a place.

        In the memory of the matrix itself: TensorFlow's other ways to change a row copy the whole, now or at each read.
        """
        changed = tf.raw_ops.InplaceUpdate(x=self._rows, i=[place], v=v[tf.newaxis])
        self._rows.assign(changed, read_value=False)

    def products(self, v: Tensor, filled: Tensor) -> Tensor:
        """Inner products with a vector, [length] to [count]; 0 for places beyond the first `filled` ones, or nearly."""
        products = tf.linalg.matvec(self._first(filled), v)
        return tf.pad(products, [[0, tf.shape(self._rows)[0] - tf.size(products)]])

    def combined(self, factors: Tensor, filled: Tensor) -> Tensor:
        """The sum of the vectors, each times its factor, [count] to [length]; those beyond the first are zeros."""
        rows = self._first(filled)
        return tf.linalg.matvec(rows, factors[: tf.shape(rows)[0]], transpose_a=True)

    def _first(self, filled: Tensor) -> Tensor:
        """The first rows, that many or somewhat more: reading them is what all this costs."""
        return self._rows[: tf.minimum(-(-filled // _ROWS_AT_ONCE) * _ROWS_AT_ONCE, tf.shape(self._rows)[0])]


class Curvature:
    """What is remembered of steps and gradient changes, and the inverse Hessian estimate that follows.

    `H g` is taken in its compact form (Byrd, Nocedal and Schnabel, 1994, theorem 2.2), that of algorithm 7.4 of Nocedal
    and Wright (2006) with its two loops solved as triangular systems: all that is long are four products with a matrix,
    and a fifth when a pair is added. The first estimate is `gamma P`, P a prior, where the textbook takes the identity
    for P. Gamma is the larger of the two scales of Barzilai and Borwein (1988) in the norm of P, `s^T P^-1 s / s^T y`.
    The textbook takes the smaller: that is the scale of the stiffest patterns, which the pairs soon know better.

    A new pair takes the place of the oldest one; what is small is in order of age.

    Args:
        prior: P.
    """

    def __init__(self, prior: Metric) -> None:
        self._prior = prior
        self._S, self._Y = Vectors(), Vectors()
        self._R = tf.Variable(tf.zeros([0, 0]), shape=[None, None], name="steps_by_later_changes")
        self._oldest = tf.Variable(0, name="place_of_the_oldest")
        self._known = tf.Variable(0, name="pairs_known")
        self._gamma = tf.Variable(1.0, name="gamma")

    @property
    def known(self) -> Tensor:
        """Whether anything is remembered."""
        return self._known > 0

    def start(self, length: int) -> None:
        """Take the memory of pairs of vectors of that length, and remember nothing."""
        pairs = pairs_kept(length)
        self._S.take_room(pairs, length)
        self._Y.take_room(pairs, length)
        self._R.assign(tf.eye(pairs))
        self.forget()

    def rest(self) -> None:
        """Give back the memory of the pairs, until the next start."""
        self._S.give_back()
        self._Y.give_back()

    def forget(self) -> None:
        """Remember nothing; the vectors stay, and are not read."""
        self._R.assign(tf.eye(self._pairs))
        self._oldest.assign(0)
        self._known.assign(0)
        self._gamma.assign(1.0)

    def remember(self, s: Tensor, y: Tensor) -> None:
        """Add a step and its gradient change, [length] each, unless the loss curves down along it."""
        curvature = tf.reduce_sum(s * y)
        if curvature > _LEAST_CURVATURE * tf.norm(s) * tf.norm(y):
            self._S.replace(self._oldest, s)
            self._Y.replace(self._oldest, y)
            self._oldest.assign((self._oldest + 1) % self._pairs)
            self._known.assign(tf.minimum(self._known + 1, self._pairs))
            self._R.assign(_shifted(self._R, self._products(self._S, y)))
            self._gamma.assign(self._prior.inverse_form(s) / curvature)

    def times(self, g: Tensor) -> Tensor:
        """The inverse Hessian estimate times a vector, [length]; the prior times it where nothing is remembered."""
        R = self._R.value()
        alpha = _solved(R, self._products(self._S, g), adjoint=False)
        first = self._gamma * self._prior.times(g - self._combined(self._Y, alpha))
        beta = _solved(R, tf.linalg.diag_part(R) * alpha - self._products(self._Y, first), adjoint=True)
        return first + self._combined(self._S, beta)

    @property
    def _pairs(self) -> Tensor:
        """How many there is room for."""
        return tf.shape(self._R)[0]

    def _products(self, vectors: Vectors, v: Tensor) -> Tensor:
        """Inner products of the pairs' vectors with another, the oldest's first, 0 of pairs not known: [pairs]."""
        products = tf.roll(vectors.products(v, self._known), -self._oldest, axis=0)
        ages = tf.range(self._pairs, 0, -1)
        return tf.where(ages <= self._known, products, 0.0)

    def _combined(self, vectors: Vectors, factors: Tensor) -> Tensor:
        """The sum of the pairs' vectors, each times its factor, the oldest's first: [length]."""
        return vectors.combined(tf.roll(factors, self._oldest, axis=0), self._known)


def _solved(R: Tensor, b: Tensor, *, adjoint: bool) -> Tensor:
    """`R^-1 b`, or `R^-T b`, of an upper triangle."""
    return tf.linalg.triangular_solve(R, b[:, tf.newaxis], lower=False, adjoint=adjoint)[:, 0]


def _shifted(R: Tensor, column: Tensor) -> Tensor:
    """The upper triangle without its first row and column, with a last column."""
    above = tf.concat([R[1:, 1:], tf.zeros_like(column[tf.newaxis, 1:])], axis=0)
    return tf.concat([above, column[:, tf.newaxis]], axis=1)
