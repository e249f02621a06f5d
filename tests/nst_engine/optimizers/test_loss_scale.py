import pytest
import tensorflow as tf

from nst_engine.optimizers.loss_scale import LossScale

GOOD, BAD = [1.0, 1.0], [1.0, float("inf")]


def adapt(scale: LossScale, *gradients: list[float], total: float = 1.0) -> list[float]:
    """The values of the scale after each gradient."""
    signature = [tf.TensorSpec([]), tf.TensorSpec([2])]
    adapted = tf.function(scale.adapt, input_signature=signature)
    values = []
    for gradient in gradients:
        before = float(scale.value.numpy())
        again = adapted(tf.constant(total), tf.constant(gradient))
        values.append(float(scale.value.numpy()))
        assert bool(again) == (values[-1] < before)
    return values


def scale_of(value: float) -> LossScale:
    scale = LossScale()
    scale.start(value)
    return scale


@pytest.mark.parametrize("bad", [float("inf"), -float("inf"), float("nan")])
def test_a_gradient_that_is_not_finite_halves_the_loss_scale(bad: float) -> None:
    assert adapt(scale_of(1024.0), GOOD, [1.0, bad], [bad, 1.0]) == [1024, 512, 256]


def test_two_hundred_finite_gradients_in_a_row_double_the_loss_scale() -> None:
    values = adapt(scale_of(1024.0), *[GOOD] * 150, BAD, *[GOOD] * 400)
    assert values[149:151] == [1024, 512]
    assert values[349:351] == [512, 1024]
    assert values[549:551] == [1024, 2048]


def test_starting_anew_forgets_how_many_gradients_were_finite() -> None:
    scale = scale_of(1024.0)
    adapt(scale, *[GOOD] * 150)
    scale.start(64.0)
    assert adapt(scale, *[GOOD] * 200)[-2:] == [64, 128]


@pytest.mark.parametrize("total", [float("inf"), float("nan")])
def test_a_loss_that_is_not_finite_is_not_the_scale_s_fault(total: float) -> None:
    assert adapt(scale_of(1024.0), BAD, total=total) == [1024]


def test_never_falls_without_end() -> None:
    values = adapt(scale_of(1.0), *[BAD] * 60)
    assert values[-1] == values[-2] > 0
