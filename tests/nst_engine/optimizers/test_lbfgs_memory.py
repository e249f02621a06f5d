from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.optimizers.lbfgs_memory import FEWEST_PAIRS, HISTORY_BYTES, MOST_PAIRS, Curvature, pair_count
from tests.reference.lbfgs import inverse_hessian, two_loop_recursion

Array = npt.NDArray[np.float64]

SIZE = 60
GRADIENT = np.random.default_rng(1).standard_normal(SIZE)
PRIOR = np.diag(np.geomspace(0.3, 3, SIZE)) + 0.1


def curvature_pairs(count: int) -> tuple[list[Array], list[Array]]:
    """Steps and gradient changes of a convex quadratic, the oldest first."""
    rng = np.random.default_rng(count)
    root = rng.standard_normal((SIZE, SIZE))
    steps = [rng.standard_normal(SIZE) for _ in range(count)]
    return steps, [(root @ root.T / SIZE + np.eye(SIZE)) @ step for step in steps]


def single(array: Array) -> Any:
    """A float32 tensor."""
    return tf.constant(array, tf.float32)


class Matrix:
    """The prior as a matrix."""

    def times(self, v: Any) -> Any:
        return tf.linalg.matvec(single(PRIOR), v)

    def inverse_form(self, v: Any) -> Any:
        return tf.tensordot(v, tf.linalg.matvec(single(np.linalg.inv(PRIOR)), v), 1)


class Identity:
    """The prior that changes nothing, for vectors of any length."""

    def times(self, v: Any) -> Any:
        return v

    def inverse_form(self, v: Any) -> Any:
        return tf.tensordot(v, v, 1)


def curvature() -> Curvature:
    """One that knows nothing yet but its prior."""
    ours = Curvature(Matrix())
    ours.start(SIZE)
    return ours


def held(ours: Curvature) -> int:
    """How many numbers there is memory for."""
    return sum(int(tf.size(vectors._rows)) for vectors in (ours._S, ours._Y))


def first(step: Array, change: Array) -> Array:
    """`H_k^0`: the prior, scaled by the newest pair."""
    short = np.dot(step, change) / np.dot(change, PRIOR @ change)
    long = np.dot(step, np.linalg.solve(PRIOR, step)) / np.dot(step, change)
    assert short < long
    return long * PRIOR


@pytest.mark.parametrize("count", [1, 2, 7, MOST_PAIRS, MOST_PAIRS + 3])
def test_it_is_algorithm_7_4_of_the_newest_pairs(count: int) -> None:
    (steps, changes), ours = curvature_pairs(count), curvature()
    for step, change in zip(steps, changes, strict=True):
        ours.remember(single(step), single(change))
    newest = steps[-MOST_PAIRS:], changes[-MOST_PAIRS:]
    expected = two_loop_recursion(GRADIENT, *newest, first(steps[-1], changes[-1]))
    np.testing.assert_allclose(ours.times(single(GRADIENT)), expected, rtol=1e-2, atol=2e-3 * np.abs(expected).max())


def test_algorithm_7_4_is_the_product_form_of_the_inverse_hessian() -> None:
    steps, changes = curvature_pairs(4)
    product = inverse_hessian(steps, changes, PRIOR) @ GRADIENT
    np.testing.assert_allclose(two_loop_recursion(GRADIENT, steps, changes, PRIOR), product, rtol=1e-9)


def test_it_takes_the_newest_change_back_to_its_step() -> None:
    (steps, changes), ours = curvature_pairs(5), curvature()
    for step, change in zip(steps, changes, strict=True):
        ours.remember(single(step), single(change))
    np.testing.assert_allclose(ours.times(single(changes[-1])), steps[-1], rtol=1e-3, atol=1e-4)


def test_without_a_pair_it_is_the_prior() -> None:
    ours = curvature()
    assert not ours.has_pairs
    np.testing.assert_allclose(ours.times(single(GRADIENT)), PRIOR @ GRADIENT, rtol=1e-5, atol=1e-6)


def test_forgotten_pairs_have_no_effect() -> None:
    ours = curvature()
    for count in (5, 3):
        ours.forget()
        assert not ours.has_pairs
        steps, changes = curvature_pairs(count)
        for step, change in zip(steps, changes, strict=True):
            ours.remember(single(step), single(change))
    expected = two_loop_recursion(GRADIENT, steps, changes, first(steps[-1], changes[-1]))
    np.testing.assert_allclose(ours.times(single(GRADIENT)), expected, rtol=1e-3, atol=1e-4)


def test_at_rest_it_holds_no_vectors_and_starts_as_if_it_were_new() -> None:
    (steps, changes), ours = curvature_pairs(3), curvature()
    assert held(ours) == 2 * pair_count(SIZE) * SIZE
    ours.remember(single(changes[0]), single(steps[0]))
    ours.rest()
    assert held(ours) == 0
    ours.start(SIZE)
    assert not ours.has_pairs
    for step, change in zip(steps, changes, strict=True):
        ours.remember(single(step), single(change))
    expected = two_loop_recursion(GRADIENT, steps, changes, first(steps[-1], changes[-1]))
    np.testing.assert_allclose(ours.times(single(GRADIENT)), expected, rtol=1e-3, atol=1e-4)


def test_it_serves_vectors_of_one_length_after_those_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_engine.optimizers.lbfgs_memory.HISTORY_BYTES", 10**6)
    ours = Curvature(Identity())
    few, many = MOST_PAIRS * SIZE, 10**4
    for length in (SIZE, many, few):
        ours.start(length)
        assert held(ours) == 2 * pair_count(length) * length
        step = tf.one_hot(length - 1, length)
        ours.remember(step, 4 * step)
        np.testing.assert_allclose(ours.times(step), step / 4)
    assert pair_count(many) < pair_count(few)


def test_a_loss_that_curves_down_along_a_step_is_not_remembered() -> None:
    ([step], [change]), ours = curvature_pairs(1), curvature()
    ours.remember(single(step), single(-change))
    assert not ours.has_pairs
    ours.remember(single(step), single(change))
    before = ours.times(single(GRADIENT))
    ours.remember(single(change), single(-step))
    np.testing.assert_array_equal(ours.times(single(GRADIENT)), before)


def test_small_pictures_have_the_most_pairs_and_large_ones_the_fewest() -> None:
    kept = [pair_count(3 * side**2) for side in (64, 512, 724, 1024, 4096)]
    assert kept[:2] == [MOST_PAIRS, MOST_PAIRS]
    assert FEWEST_PAIRS < kept[2] < MOST_PAIRS
    assert kept[2] * 3 * 724**2 * 2 * 4 <= HISTORY_BYTES
    assert kept[4] == FEWEST_PAIRS
    assert kept == sorted(kept, reverse=True)
