import keras
import numpy as np
import pytest
import tensorflow as tf

from nst_engine.optimizers.adam import Adam
from tests.nst_engine.optimizers.quadratic import HEIGHT, SHAPE, SIZE, WIDTH, Quadratic, spoiled, start, stepping


@pytest.mark.parametrize("rate", [0.5, 5.0, 60.0])
def test_is_the_adam_of_keras_clipped_to_the_box(rate: float) -> None:
    quadratic, ours = Quadratic(spread=300.0), Adam(HEIGHT, WIDTH, rate)
    ours.start(start())
    step, image, theirs = stepping(ours, quadratic.evaluate), keras.Variable(start()), keras.optimizers.Adam(rate)
    for _ in range(20):
        step()
        _, gradient = quadratic.evaluate(image.value)
        theirs.apply([gradient], [image])
        image.assign(tf.clip_by_value(image.value, 0.0, 255.0))
    np.testing.assert_allclose(ours.image, image.value, rtol=1e-4, atol=1e-3)


def test_its_first_step_is_the_rate_against_the_sign_of_the_gradient() -> None:
    quadratic, optimizer = Quadratic(spread=30.0), Adam(HEIGHT, WIDTH, 2.0)
    optimizer.start(tf.fill(SHAPE, 100.0))
    stepping(optimizer, quadratic.evaluate)()
    signs = np.sign(quadratic.gradient(np.full(SIZE, 100.0))).reshape(SHAPE)
    np.testing.assert_allclose(optimizer.image, 100 - 2 * signs, atol=1e-3)


def test_never_leaves_the_box() -> None:
    optimizer = Adam(HEIGHT, WIDTH, 100.0)
    optimizer.start(start())
    step = stepping(optimizer, Quadratic(spread=600.0).evaluate)
    for _ in range(10):
        step()
        assert optimizer.image.numpy().min() >= 0
        assert optimizer.image.numpy().max() <= 255


def test_gives_the_loss_of_the_picture_before_the_step() -> None:
    quadratic, optimizer = Quadratic(), Adam(HEIGHT, WIDTH, 5.0)
    optimizer.start(start())
    step = stepping(optimizer, quadratic.evaluate)
    for _ in range(5):
        before = quadratic.value(optimizer.image.numpy().astype(np.float64).ravel())
        assert step()[3] == pytest.approx(before, rel=1e-4)


def test_a_gradient_that_is_not_finite_changes_nothing() -> None:
    quadratic, spoilt, clean = Quadratic(), Adam(HEIGHT, WIDTH, 5.0), Adam(HEIGHT, WIDTH, 5.0)
    spoilt.start(start())
    clean.start(start())
    step = stepping(spoilt, spoiled(quadratic.evaluate, 4, 3, terms_too=False))
    for _ in range(10):
        step()
    step = stepping(clean, quadratic.evaluate)
    for _ in range(7):
        step()
    np.testing.assert_array_equal(spoilt.image, clean.image)


def test_starting_anew_forgets_the_moments() -> None:
    optimizer, ends = Adam(HEIGHT, WIDTH, 5.0), []
    step = stepping(optimizer, Quadratic().evaluate)
    for _ in range(2):
        optimizer.start(start())
        for _ in range(8):
            step()
        ends.append(optimizer.image.numpy())
    np.testing.assert_array_equal(*ends)
