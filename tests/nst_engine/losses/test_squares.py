import numpy as np
import pytest
import tensorflow as tf

from nst_engine.losses.squares import mean_square, sum_of_squares

X = np.random.default_rng(0).standard_normal((1, 5, 7, 3)).astype(np.float32)


def test_they_are_their_formulas() -> None:
    assert sum_of_squares(tf.constant(X)).numpy() == pytest.approx(np.sum(np.square(X)), rel=1e-6)
    assert mean_square(tf.constant(X)).numpy() == pytest.approx(np.mean(np.square(X)), rel=1e-6)


def test_their_gradients_are_twice_the_numbers_and_fill_no_copy() -> None:
    graph = tf.function(lambda x: tf.gradients(mean_square(x), x)[0]).get_concrete_function(tf.TensorSpec(X.shape))
    np.testing.assert_allclose(graph(tf.constant(X)), 2 * X / X.size, rtol=1e-6)
    assert not {"Tile", "BroadcastTo"} & {operation.type for operation in graph.graph.get_operations()}
