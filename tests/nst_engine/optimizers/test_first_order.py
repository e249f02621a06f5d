from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from nst_engine.optimizers.first_order import FirstOrder, adam, adamw, lamb
from nst_engine.registry.losses import LOSS_NAMES, TOTAL
from tests.nst_engine.optimizers.quadratic import HEIGHT, SHAPE, SIZE, WIDTH, Quadratic, spoiled, start, stepping


@pytest.mark.parametrize("rate", [0.5, 5.0, 60.0])
def test_is_the_adam_of_keras_clipped_to_the_box(rate: float) -> None:
    quadratic, ours = Quadratic(spread=300.0), adam(HEIGHT, WIDTH)
    ours.start(start())
    step, image, theirs = stepping(ours, quadratic.evaluate, rate), keras.Variable(start()), keras.optimizers.Adam(rate)
    for _ in range(20):
        step()
        _, gradient = quadratic.evaluate(image.value)
        theirs.apply([gradient], [image])
        image.assign(tf.clip_by_value(image.value, 0.0, 255.0))
    np.testing.assert_allclose(ours.image, image.value, rtol=1e-4, atol=1e-3)


def test_its_first_step_is_the_rate_against_the_sign_of_the_gradient() -> None:
    quadratic, optimizer = Quadratic(spread=30.0), adam(HEIGHT, WIDTH)
    optimizer.start(tf.fill(SHAPE, 100.0))
    stepping(optimizer, quadratic.evaluate, 2.0)()
    signs = np.sign(quadratic.gradient(np.full(SIZE, 100.0))).reshape(SHAPE)
    np.testing.assert_allclose(optimizer.image, 100 - 2 * signs, atol=1e-3)


def test_never_leaves_the_box() -> None:
    optimizer = adam(HEIGHT, WIDTH)
    optimizer.start(start())
    step = stepping(optimizer, Quadratic(spread=600.0).evaluate, 100.0)
    for _ in range(10):
        step()
        assert optimizer.image.numpy().min() >= 0
        assert optimizer.image.numpy().max() <= 255


def test_gives_the_loss_of_the_picture_before_the_step() -> None:
    quadratic, optimizer = Quadratic(), adam(HEIGHT, WIDTH)
    optimizer.start(start())
    step = stepping(optimizer, quadratic.evaluate, 5.0)
    for _ in range(5):
        before = quadratic.value(optimizer.image.numpy().astype(np.float64).ravel())
        assert step()[TOTAL] == pytest.approx(before, rel=1e-4)


def test_a_gradient_that_is_not_finite_changes_nothing() -> None:
    quadratic, spoilt, clean = Quadratic(), adam(HEIGHT, WIDTH), adam(HEIGHT, WIDTH)
    spoilt.start(start())
    clean.start(start())
    step = stepping(spoilt, spoiled(quadratic.evaluate, 4, 3, terms_too=False), 5.0)
    for _ in range(10):
        step()
    step = stepping(clean, quadratic.evaluate, 5.0)
    for _ in range(7):
        step()
    np.testing.assert_array_equal(spoilt.image, clean.image)


def test_starting_anew_forgets_the_moments() -> None:
    optimizer, ends = adam(HEIGHT, WIDTH), []
    step = stepping(optimizer, Quadratic().evaluate, 5.0)
    for _ in range(2):
        optimizer.start(start())
        for _ in range(8):
            step()
        ends.append(optimizer.image.numpy())
    np.testing.assert_array_equal(*ends)


def test_a_retreat_goes_back_to_the_best_picture_without_moments() -> None:
    quadratic, optimizer = Quadratic(spread=30.0), adam(HEIGHT, WIDTH)
    optimizer.start(tf.fill(SHAPE, 100.0))
    small, large = (stepping(optimizer, quadratic.evaluate, rate) for rate in (5.0, 200.0))
    for _ in range(10):
        small()
    best = optimizer.image.numpy()
    large()
    for _ in range(3):
        large()
    optimizer.retreat()
    np.testing.assert_allclose(optimizer.image, best, atol=1e-3)
    small()
    assert np.abs(optimizer.image.numpy() - best).max() == pytest.approx(5, rel=1e-2)


@pytest.mark.parametrize("make", [adamw, lamb])
def test_a_decay_or_a_trust_ratio_is_taken_about_mid_grey(make: Callable[[int, int], FirstOrder]) -> None:
    optimizer = make(HEIGHT, WIDTH)
    optimizer.start(tf.fill(SHAPE, 127.5))
    flat = stepping(optimizer, lambda pixels: (tf.zeros([len(LOSS_NAMES)]), tf.zeros_like(pixels)), 5.0)
    for _ in range(5):
        flat()
    np.testing.assert_allclose(optimizer.image, np.full(SHAPE, 127.5))


def test_adamw_takes_its_rate_in_pixel_values_and_lamb_as_a_share_of_the_picture() -> None:
    quadratic = Quadratic(spread=30.0)
    for optimizer, rate, expected in ((adamw(HEIGHT, WIDTH), 2.0, 2.0), (lamb(HEIGHT, WIDTH), 0.1, 0.1 * 27.5)):
        optimizer.start(tf.fill(SHAPE, 100.0))
        stepping(optimizer, quadratic.evaluate, rate)()
        assert np.abs(optimizer.image.numpy() - 100).mean() == pytest.approx(expected, rel=0.05)
