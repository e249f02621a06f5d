"""ReLUs after the pooling: the same features and gradients, and only if no other layer reads the convolution."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nst_engine.backbones.fast_layers import RectifiedMaxPooling2D, deferrable_relus
from nst_engine.backbones.network import Network
from nst_engine.backbones.weights import find_weights
from nst_engine.hardware.precision import FLOAT32
from tests.nst_engine.small import noise_pixels, small_config

rng = np.random.default_rng(0)


def values_and_gradients(model: keras.Model, x: tf.Tensor, dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x)
    return y, tape.gradient(y, x, dy)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("pool_size", [2, 3])
def test_values_and_gradients_are_those_of_pooled_rectified_features(padding: str, pool_size: int) -> None:
    pooling = {"pool_size": pool_size, "strides": 2, "padding": padding}
    before = keras.Sequential([keras.layers.ReLU(), keras.layers.MaxPooling2D(**pooling)])
    after = keras.Sequential([RectifiedMaxPooling2D(**pooling)])
    x = tf.constant(rng.normal(size=(1, 9, 12, 4)), tf.float32)
    dy = tf.constant(rng.normal(size=before(x).shape), tf.float32)
    for expected, found in zip(values_and_gradients(before, x, dy), values_and_gradients(after, x, dy), strict=True):
        np.testing.assert_array_equal(found, expected)


def two_blocks(activation: str = "relu", skips: bool = False, between: bool = False) -> dict[str, keras.KerasTensor]:
    """Features by layer: convolution, perhaps another layer, pooling, convolution; perhaps one skips it all."""
    inputs = keras.Input((None, None, 3), name="pixels")
    first = x = keras.layers.Conv2D(3, 3, padding="same", activation=activation, name="first")(inputs)
    x = keras.layers.ZeroPadding2D(name="frame")(x) if between else x
    pool = keras.layers.MaxPooling2D(name="pool")(x)
    second = keras.layers.Conv2D(3, 3, padding="same", activation="relu", name="second")(pool)
    second = keras.layers.Add()([keras.layers.UpSampling2D()(second), first]) if skips else second
    return {"pixels": inputs, "first": first, "pool": pool, "second": second}


@pytest.mark.parametrize(
    ("features", "wanted", "expected"),
    [
        (two_blocks(), ("second",), {"first": "pool"}),
        (two_blocks(), ("pool",), {"first": "pool"}),
        (two_blocks(), ("first", "second"), {}),
        (two_blocks(activation="tanh"), ("second",), {}),
        (two_blocks(skips=True), ("second",), {}),
        (two_blocks(between=True), ("second",), {}),
    ],
)
def test_is_left_to_the_pooling_where_nothing_else_reads_the_features(
    features: dict[str, keras.KerasTensor], wanted: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert deferrable_relus(keras.Model(features["pixels"], {name: features[name] for name in wanted})) == expected


def test_a_network_does_so_and_its_features_are_the_same() -> None:
    config, pixels = small_config(), tf.constant(noise_pixels(24, 19)[np.newaxis], tf.float32)
    layers = ("block1_pool", "block2_conv1")
    kept = Network(config, find_weights(config), FLOAT32, (*layers, "block1_conv1"))
    left = Network(config, find_weights(config), FLOAT32, layers)
    assert isinstance(left._model.get_layer("block1_pool"), RectifiedMaxPooling2D)
    assert not isinstance(kept._model.get_layer("block1_pool"), RectifiedMaxPooling2D)
    expected = kept.features(pixels)
    for layer in layers:
        np.testing.assert_array_equal(left.features(pixels)[layer], expected[layer])
    assert left.bytes_per_pixel.keys() == kept.bytes_per_pixel.keys()
