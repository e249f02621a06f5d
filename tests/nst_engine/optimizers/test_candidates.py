"""The pictures that an optimizer offers as its result, of which the best is taken."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.optimizers.first_order import DECAY, FirstOrder, adam, adamw
from nst_engine.optimizers.lbfgs import ProjectedLBFGS
from nst_engine.registry.losses import LOSS_NAMES
from tests.nst_engine.optimizers.quadratic import HEIGHT, SHAPE, WIDTH, Quadratic, spoiled, start, stepping


def decaying_average(iterates: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float64]:
    """Kingma and Ba (2015), section 3: an average that begins with 0, its bias corrected."""
    average = np.zeros(SHAPE)
    for iterate in iterates:
        average = DECAY * average + (1 - DECAY) * iterate
    return average / (1 - DECAY ** len(iterates))


def walk(optimizer: FirstOrder, quadratic: Quadratic, steps: int, rate: float) -> list[npt.NDArray[np.float32]]:
    """The pictures after each step."""
    step, iterates = stepping(optimizer, quadratic.evaluate, rate), []
    for _ in range(steps):
        step()
        iterates.append(optimizer.image.numpy())
    return iterates


def value(quadratic: Quadratic, pixels: npt.NDArray[np.generic]) -> float:
    return quadratic.value(np.asarray(pixels, np.float64).ravel())


@pytest.mark.parametrize("steps", [1, 2, 50])
def test_a_first_order_optimizer_offers_its_last_iterate_its_best_and_the_average(steps: int) -> None:
    quadratic, optimizer = Quadratic(spread=30.0), adam(HEIGHT, WIDTH)
    optimizer.start(start())
    iterates = walk(optimizer, quadratic, steps, rate=20.0)
    last, best, average = (candidate.numpy() for candidate in optimizer.candidates)
    evaluated = [start(), *iterates[:-1]]
    np.testing.assert_array_equal(last, iterates[-1])
    np.testing.assert_array_equal(best, min(evaluated, key=lambda pixels: value(quadratic, pixels)))
    np.testing.assert_allclose(average, decaying_average(iterates), rtol=1e-4, atol=1e-3)


def test_the_average_of_iterates_that_circle_is_nearer_to_the_optimum_than_any_of_them() -> None:
    quadratic, optimizer = Quadratic(spread=10.0), adam(HEIGHT, WIDTH)
    generator = tf.random.Generator.from_seed(1)
    optimizer.start(start())

    def shaken(pixels: Any) -> tuple[Any, Any]:
        terms, gradient = quadratic.evaluate(pixels)
        return terms, gradient + generator.normal(SHAPE, stddev=100.0)

    step = stepping(optimizer, shaken, 20.0)
    for _ in range(400):
        step()
    last, best, average = (value(quadratic, candidate.numpy()) - 50 for candidate in optimizer.candidates)
    assert average < min(last, best) / 2


def test_before_any_step_all_that_is_offered_is_the_beginning() -> None:
    optimizer = adam(HEIGHT, WIDTH)
    optimizer.start(start())
    for candidate in optimizer.candidates:
        np.testing.assert_array_equal(candidate, start())


def test_a_step_without_a_finite_gradient_does_not_count_in_the_average() -> None:
    quadratic, spoilt, clean = Quadratic(), adam(HEIGHT, WIDTH), adam(HEIGHT, WIDTH)
    for optimizer in (spoilt, clean):
        optimizer.start(start())
    step = stepping(spoilt, spoiled(quadratic.evaluate, 4, 3, terms_too=True), 5.0)
    for _ in range(10):
        step()
    walk(clean, quadratic, 7, rate=5.0)
    for ours, theirs in zip(spoilt.candidates, clean.candidates, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_retreat_forgets_the_average_and_keeps_the_best() -> None:
    quadratic, optimizer = Quadratic(spread=30.0), adam(HEIGHT, WIDTH)
    optimizer.start(start())
    walk(optimizer, quadratic, 30, rate=5.0)
    best = optimizer.candidates[1].numpy()
    optimizer.retreat()
    for candidate in optimizer.candidates:
        np.testing.assert_allclose(candidate, best, atol=1e-3)
    iterates = walk(optimizer, quadratic, 3, rate=5.0)
    np.testing.assert_allclose(optimizer.candidates[2], decaying_average(iterates), rtol=1e-4, atol=1e-3)


def test_starting_anew_forgets_the_best_of_before() -> None:
    quadratic, optimizer = Quadratic(), adam(HEIGHT, WIDTH)
    optimizer.start(start())
    walk(optimizer, quadratic, 30, rate=5.0)
    optimizer.start(start())
    np.testing.assert_array_equal(optimizer.candidates[1], start())
    walk(optimizer, quadratic, 1, rate=5.0)
    np.testing.assert_array_equal(optimizer.candidates[1], start())


@pytest.mark.parametrize("edge", [0.0, 255.0])
@pytest.mark.parametrize("make", [adam, adamw])
def test_no_candidate_leaves_the_box_where_the_iterates_stay_at_its_edge(
    make: Callable[[int, int], FirstOrder], edge: float
) -> None:
    optimizer = make(HEIGHT, WIDTH)
    optimizer.start(tf.fill(SHAPE, edge))
    outwards = tf.fill(SHAPE, 1.0 if edge == 0 else -1.0)
    step = stepping(optimizer, lambda _pixels: (tf.ones([len(LOSS_NAMES)]), outwards), 5.0)
    for _ in range(40):
        step()
        for candidate in optimizer.candidates:
            assert 0 <= candidate.numpy().min() <= candidate.numpy().max() <= 255


def test_lbfgs_offers_its_picture_alone_which_is_the_best_that_it_tried() -> None:
    quadratic, optimizer = Quadratic(spread=300.0), ProjectedLBFGS()
    optimizer.start(start())
    tried: list[float] = []
    step = stepping(optimizer, quadratic.evaluate)
    for _ in range(30):
        tried.append(value(quadratic, optimizer.trial.numpy()))
        step()
    (picture,) = optimizer.candidates
    np.testing.assert_array_equal(picture, optimizer.image)
    assert value(quadratic, picture.numpy()) == pytest.approx(min(tried), rel=1e-6)
