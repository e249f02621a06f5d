"""Convolutions by turned kernels: the same values and gradients as the plain ones, and only where they can be."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nst_engine.backbones.fast_layers import TurnedConv2D
from nst_engine.backbones.network import Network
from nst_engine.backbones.weights import find_weights
from nst_engine.hardware.graphs import graph_of
from nst_engine.hardware.precision import FLOAT32
from tests.nst_engine.small import noise_pixels, small_config

rng = np.random.default_rng(0)


def plain_and_turned(**settings: Any) -> tuple[keras.Layer, keras.Layer]:
    layers = [kind(7, padding="same", **settings) for kind in (keras.layers.Conv2D, TurnedConv2D)]
    for layer in layers:
        layer.build((None, None, None, 5))
    layers[1].set_weights(layers[0].get_weights())
    return layers[0], layers[1]


def values_and_gradients(layer: keras.Layer, x: tf.Tensor, dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    return y, tape.gradient(y, x, dy)


@pytest.mark.parametrize("kernel_size", [1, 3, 5, (3, 1)])
@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("pictures", [1, 2])
def test_values_and_gradients_are_those_of_the_plain_convolution(
    kernel_size: Any, activation: str | None, pictures: int
) -> None:
    plain, turned = plain_and_turned(kernel_size=kernel_size, activation=activation, bias_initializer="normal")
    x, dy = (tf.constant(rng.normal(size=(pictures, 6, 9, channels)), tf.float32) for channels in (5, 7))
    for expected, found in zip(values_and_gradients(plain, x, dy), values_and_gradients(turned, x, dy), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_knows_the_shape_of_its_result_where_the_sides_are_unknown() -> None:
    _, turned = plain_and_turned(kernel_size=3)
    traced = graph_of(lambda x: turned(x)).get_concrete_function(tf.TensorSpec([1, None, None, 5]))
    assert traced.structured_outputs.shape.as_list() == [1, None, None, 7]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (keras.layers.Conv2D(4, 3, padding="same"), True),
        (keras.layers.Conv2D(4, (1, 5), padding="same", use_bias=False), True),
        (keras.layers.Conv2D(4, 3, padding="valid"), False),
        (keras.layers.Conv2D(4, 2, padding="same"), False),
        (keras.layers.Conv2D(4, 3, padding="same", data_format="channels_first"), False),
        (keras.layers.Conv2D(4, 3, padding="same", strides=2), False),
        (keras.layers.Conv2D(4, 3, padding="same", dilation_rate=2), False),
        (keras.layers.Conv2D(4, 3, padding="same", groups=2), False),
        (keras.layers.DepthwiseConv2D(3, padding="same"), False),
        (keras.layers.ReLU(), False),
    ],
)
def test_takes_the_convolutions_that_it_can_do(layer: keras.Layer, expected: bool) -> None:
    assert TurnedConv2D.can_do(layer) is expected


@pytest.mark.parametrize(
    ("backbone", "layers", "turned_ones"),
    [
        ("tiny", ("block1_conv1", "block2_conv1"), ["block2_conv1"]),
        ("resnet50", ("conv2_block1_out",), ["conv2_block1_2_conv"]),
    ],
)
def test_a_network_of_turned_convolutions_has_the_features_of_the_plain_one(
    backbone: str, layers: tuple[str, ...], turned_ones: list[str]
) -> None:
    config = small_config(backbone=backbone, content_layers=None, style_layers=None)
    pixels = tf.constant(noise_pixels(40, 33)[np.newaxis], tf.float32)
    plain, turned = (Network(config, find_weights(config), FLOAT32, layers, turned=turned) for turned in (False, True))
    kinds = {layer.name for layer in turned._model.layers if isinstance(layer, TurnedConv2D)}
    assert kinds.issuperset(turned_ones)
    for layer, expected in plain.features(pixels).items():
        np.testing.assert_allclose(turned.features(pixels)[layer], expected, rtol=1e-3, atol=1e-3)
