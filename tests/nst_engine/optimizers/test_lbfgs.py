from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize

from nst_engine.optimizers.lbfgs import FARTHEST, FIRST_MOVE, FIRST_RADIUS, SHRINK, ProjectedLBFGS, free_mask, rms
from nst_engine.registry.losses import LOSS_NAMES, TOTAL
from tests.nst_engine.optimizers.quadratic import SHAPE, SIZE, Evaluate, Quadratic, spoiled, start, stepping

# ---------------------------------------------------------------- the box


def test_a_pixel_is_held_where_the_box_is_in_its_way() -> None:
    x = tf.constant([0.0, 0.0, 255.0, 255.0, 128.0, 128.0])
    g = tf.constant([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    np.testing.assert_array_equal(free_mask(x, g), [0, 1, 1, 0, 1, 1])


def test_rms_is_the_root_mean_square() -> None:
    assert rms(tf.constant([[3.0, 4.0], [0.0, 0.0]])).numpy() == pytest.approx(2.5)


# ---------------------------------------------------------------- the optimizer


@pytest.fixture(scope="module")
def optimizer() -> ProjectedLBFGS:
    """One for all: starting anew forgets everything, as a test below holds."""
    return ProjectedLBFGS()


def least_value(quadratic: Quadratic) -> float:
    """The value of the quadratic's minimum inside the box, as SciPy finds it."""
    bounds = [(0, 255)] * SIZE
    best = minimize(quadratic.value, start().ravel(), jac=quadratic.gradient, method="L-BFGS-B", bounds=bounds)
    assert best.success
    return float(best.fun)


def value_at(optimizer: ProjectedLBFGS, quadratic: Quadratic) -> float:
    return quadratic.value(optimizer.image.numpy().astype(np.float64).ravel())


@pytest.mark.parametrize(("seed", "spread"), [(0, 30.0), (1, 150.0), (2, 600.0)])
def test_reaches_the_optimum_that_l_bfgs_b_of_scipy_finds(seed: int, spread: float, optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic(seed, spread)
    optimizer.start(start())
    step = stepping(optimizer, quadratic.evaluate)
    for _ in range(250):
        step()
    assert value_at(optimizer, quadratic) == pytest.approx(least_value(quadratic), rel=1e-3)


def test_never_leaves_the_box_and_its_loss_never_rises(optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic(spread=300.0)
    optimizer.start(start())
    step, totals = stepping(optimizer, quadratic.evaluate), []
    for _ in range(120):
        totals.append(float(step()[TOTAL]))
        assert optimizer.image.numpy().min() >= 0
        assert optimizer.image.numpy().max() <= 255
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[0] / 2


def moves_of(step: Callable[[], object], optimizer: ProjectedLBFGS, count: int) -> list[float]:
    """How far each of the steps takes the picture, as a root mean square."""
    moves, before = [], optimizer.image.numpy()
    for _ in range(count):
        step()
        moves.append(float(rms(optimizer.image - before)))
        before = optimizer.image.numpy()
    return moves


def test_no_step_is_farther_than_the_farthest_and_the_first_is_the_first_move(optimizer: ProjectedLBFGS) -> None:
    optimizer.start(tf.fill(SHAPE, 127.0))
    moves = moves_of(stepping(optimizer, Quadratic(spread=600.0).evaluate), optimizer, 12)
    assert moves[:2] == [0, pytest.approx(FIRST_MOVE, rel=1e-4)]
    assert max(moves) <= FARTHEST * 1.001
    assert max(moves) > FIRST_MOVE


def test_steps_grow_where_the_loss_falls_as_predicted(optimizer: ProjectedLBFGS) -> None:
    slope = tf.fill(SHAPE, 1.0)
    optimizer.start(tf.fill(SHAPE, 250.0))

    def nearly_plane(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.fill([len(LOSS_NAMES)], tf.reduce_sum(x + 1e-5 * x**2)), slope + 2e-5 * x

    moves = moves_of(stepping(optimizer, nearly_plane), optimizer, 7)
    expected = [0, FIRST_MOVE, FIRST_RADIUS, 2 * FIRST_RADIUS, FARTHEST, FARTHEST, FARTHEST]
    np.testing.assert_allclose(moves, expected, rtol=1e-3)


def test_steps_shrink_where_the_loss_falls_by_less_than_predicted(optimizer: ProjectedLBFGS) -> None:
    optimizer.start(tf.fill(SHAPE, 250.0))
    totals = iter([100.0, 50.0, 49.99, 49.98, 49.97, 49.96])

    def hardly_falling(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.fill([len(LOSS_NAMES)], tf.py_function(lambda: next(totals), [], tf.float32)), 1e-3 + 1e-8 * x

    moves = moves_of(stepping(optimizer, hardly_falling), optimizer, 6)
    np.testing.assert_allclose(moves[2:], [FIRST_RADIUS / 2**halvings for halvings in range(4)], rtol=1e-2)


def take(steps: int, optimizer: ProjectedLBFGS, evaluate: Evaluate) -> None:
    step = stepping(optimizer, evaluate)
    for _ in range(steps):
        step()


@pytest.mark.parametrize(("level", "taken"), [(100.9, False), (101.00005, False), (101.001, True)])
def test_a_trial_is_taken_where_it_lowers_the_loss_by_armijo_s_rule(
    level: float, taken: bool, optimizer: ProjectedLBFGS
) -> None:
    def bowl(x: Any) -> tuple[Any, Any]:
        return tf.fill([len(LOSS_NAMES)], tf.reduce_sum((x - 100) ** 2)), 2 * (x - 100)

    optimizer.start(tf.fill(SHAPE, level))
    take(1, optimizer, bowl)
    trial = optimizer.trial.numpy()
    np.testing.assert_allclose(trial, level - FIRST_MOVE, rtol=1e-6)
    take(1, optimizer, bowl)
    np.testing.assert_array_equal(optimizer.image, trial if taken else np.full(SHAPE, level, np.float32))


@pytest.mark.parametrize("length", [0.25, 1.0])
def test_the_decrease_is_predicted_by_the_quadratic_whose_minimum_is_newtons_step(
    length: float, optimizer: ProjectedLBFGS
) -> None:
    newtons_slope = -8.0
    optimizer._length.assign(length)
    predicted = optimizer._predicted_decrease(tf.constant(newtons_slope * length)).numpy()
    assert predicted == pytest.approx(-newtons_slope * (length - length**2 / 2))


@pytest.mark.parametrize(
    ("move", "share", "radius"),
    [(6.0, 0.49, 3.0), (6.0, 0.51, 5.0), (6.0, 0.74, 5.0), (6.0, 0.76, 10.0), (2.4, 0.76, 5.0), (2.6, 0.76, 10.0)],
)
def test_the_radius_follows_how_well_the_decrease_was_predicted(
    move: float, share: float, radius: float, optimizer: ProjectedLBFGS
) -> None:
    optimizer.start(start())
    optimizer._radius.assign(5.0)
    step = tf.fill(SHAPE, move)
    optimizer._update_radius(step, tf.constant(share))
    assert optimizer._radius.numpy() == 5  # nothing was predicted yet
    optimizer._curvature.remember(tf.reshape(step, [-1]), tf.reshape(step, [-1]))
    optimizer._update_radius(step, tf.constant(share))
    assert optimizer._radius.numpy() == pytest.approx(radius)


def test_a_trial_that_fails_is_remembered_and_the_next_is_at_most_half_as_far(optimizer: ProjectedLBFGS) -> None:
    quadratic, fails = Quadratic(spread=300.0), tf.Variable(False)

    def evaluate(x: Any) -> tuple[Any, Any]:
        terms, gradient = quadratic.evaluate(x)
        return tf.where(fails, terms + 1e6, terms), gradient

    optimizer.start(start())
    step = stepping(optimizer, evaluate)
    for _ in range(5):
        step()
    image, far, known = optimizer.image, rms(optimizer.trial - optimizer.image), int(optimizer._curvature._known)
    fails.assign(True)
    step()
    np.testing.assert_array_equal(optimizer.image, image)
    assert optimizer._curvature._known == known + 1
    assert rms(optimizer.trial - image) <= 0.501 * far


def test_where_trials_keep_failing_the_memory_is_given_up(optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic(spread=300.0)

    def failing(x: Any) -> tuple[Any, Any]:
        terms, gradient = quadratic.evaluate(x)
        return terms + 1e6, gradient

    optimizer.start(start())
    take(5, optimizer, quadratic.evaluate)
    assert optimizer._curvature.has_pairs
    image = optimizer.image
    take(25, optimizer, failing)
    assert not optimizer._curvature.has_pairs
    np.testing.assert_array_equal(optimizer.image, image)


def test_a_gradient_that_is_not_finite_shortens_the_trial_and_keeps_the_memory(optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic(spread=300.0)
    optimizer.start(start())
    take(5, optimizer, quadratic.evaluate)
    length, known = optimizer._length.value(), optimizer._curvature._known.value()
    take(1, optimizer, spoiled(quadratic.evaluate, 0, 1, terms_too=False))
    assert optimizer._length == SHRINK * length
    assert optimizer._curvature._known == known > 0


def test_a_loss_that_curves_down_everywhere_ends_in_a_corner_of_the_box(optimizer: ProjectedLBFGS) -> None:
    optimizer.start(start())
    step = stepping(optimizer, lambda x: (tf.fill([len(LOSS_NAMES)], -tf.reduce_sum((x - 100) ** 2)), -2 * (x - 100)))
    for _ in range(150):
        step()
    assert set(np.unique(optimizer.image)) == {0.0, 255.0}


def test_the_loss_it_gives_is_that_of_the_picture_before_the_step(optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic()
    optimizer.start(start())
    step = stepping(optimizer, quadratic.evaluate)
    for _ in range(30):
        before = value_at(optimizer, quadratic)
        assert step()[TOTAL] == pytest.approx(before, rel=1e-4)


def test_a_picture_whose_pixels_are_all_held_stays_as_it_is(optimizer: ProjectedLBFGS) -> None:
    optimizer.start(tf.zeros(SHAPE))
    step = stepping(optimizer, lambda x: (tf.fill([len(LOSS_NAMES)], tf.reduce_sum(x)), tf.ones_like(x)))
    for _ in range(5):
        step()
    np.testing.assert_array_equal(optimizer.image, np.zeros(SHAPE))


@pytest.mark.parametrize("terms_too", [True, False])
@pytest.mark.parametrize("from_call", [0, 7])
def test_survives_evaluations_that_are_not_finite(from_call: int, terms_too: bool, optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic()
    optimizer.start(start())
    step = stepping(optimizer, spoiled(quadratic.evaluate, from_call, 3, terms_too))
    for _ in range(250):
        step()
        assert np.isfinite(optimizer.image.numpy()).all()
    assert value_at(optimizer, quadratic) == pytest.approx(least_value(quadratic), rel=1e-3)


@pytest.mark.parametrize("rests", [False, True])
def test_starting_anew_forgets_everything(rests: bool, optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic()
    step, ends = stepping(optimizer, quadratic.evaluate), []
    for _ in range(2):
        optimizer.start(start())
        for _ in range(25):
            step()
        ends.append(optimizer.image.numpy())
        if rests:
            optimizer.rest()
            assert tf.size(optimizer.image) == tf.size(optimizer.trial) == 0
    np.testing.assert_array_equal(*ends)


def test_one_graph_serves_pictures_of_one_size_after_those_of_another() -> None:
    optimizer, traces = ProjectedLBFGS(), list[Any]()

    @tf.function
    def step() -> Any:
        x = optimizer.trial
        traces.append(x.shape)
        return optimizer.tell(
            tf.fill([len(LOSS_NAMES)], tf.reduce_sum((x - 100) ** 2)), 2 * (x - 100), tf.constant(1.0)
        )

    for height, width in ((4, 5), (9, 2), (3, 12)):
        optimizer.start(tf.random.stateless_uniform([1, height, width, 3], [0, 0], maxval=255.0))
        for _ in range(30):
            step()
        np.testing.assert_allclose(optimizer.image, np.full([1, height, width, 3], 100), atol=1)
    assert len(traces) == 1


def test_starting_anew_with_a_gradient_that_is_not_finite_does_not_move_the_picture(optimizer: ProjectedLBFGS) -> None:
    quadratic = Quadratic()
    optimizer.start(start())
    step = stepping(optimizer, spoiled(quadratic.evaluate, 5, 1, terms_too=False))
    for _ in range(5):
        step()
    optimizer.start(tf.fill(SHAPE, 100.0))
    step()
    terms = step()
    assert terms[TOTAL] == pytest.approx(quadratic.value(np.full(SIZE, 100.0)), rel=1e-4)
