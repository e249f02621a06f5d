import keras
import numpy as np
import pytest
import tensorflow as tf

from nst_engine import ConfigError
from nst_engine.backbones.border import Border
from tests.nst_engine.engines import keras_network, shared_network
from tests.nst_engine.small import noise_pixels, small_config

FIRST = {
    "vgg16": "block1_conv1",
    "resnet50": "conv1_relu",
    "mobilenet_v2": "Conv1_relu",
    "mobilenet_v3": "conv_activation",
    "tiny": "block1_conv1",
}
SIZES = [(32, 32), (33, 46), (45, 35)]


def first_features(name: str, pixels: np.ndarray) -> np.ndarray:
    """Features of the network's first layer."""
    config, layer = small_config(backbone=name, content_layers=None, style_layers=None), FIRST[name]
    return np.asarray(shared_network(config, (layer,)).features(pixels.astype(np.float32))[layer])


@pytest.mark.parametrize("name", FIRST, scope="module")
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_picture_of_one_colour_has_the_same_features_up_to_its_border(name: str, size: tuple[int, int]) -> None:
    pixels = np.broadcast_to(np.float32([200, 60, 120]), (1, *size, 3))
    F = first_features(name, pixels)
    np.testing.assert_allclose(F, np.broadcast_to(F[:, 5:6, 5:6], F.shape), rtol=1e-3, atol=1e-2)
    assert not np.allclose(F, 0)


@pytest.mark.parametrize("name", FIRST, scope="module")
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_features_have_the_shape_that_zeros_would_give(name: str, size: tuple[int, int]) -> None:
    network = keras_network(name)
    with_zeros = keras.Model(network.inputs[0], network.get_layer(FIRST[name]).output)
    F = first_features(name, noise_pixels(size[1], size[0])[np.newaxis])
    assert F.shape == with_zeros.compute_output_shape((1, *size, 3))


@pytest.mark.parametrize(
    ("name", "first"), [("resnet50", "conv1_conv"), ("mobilenet_v2", "Conv1"), ("tiny", "block1_conv1")]
)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_inside_the_border_the_first_convolution_is_that_of_keras(name: str, first: str, size: tuple[int, int]) -> None:
    network = keras_network(name)
    pixels = tf.constant(noise_pixels(size[1], size[0])[np.newaxis], tf.float32)
    convolution = network.get_layer(first)
    expected = keras.Model(network.inputs[0], convolution.output)(pixels)
    edged = Border(network).pad(pixels)
    activation = tf.nn.relu if first == "block1_conv1" else tf.identity
    F = activation(tf.nn.conv2d(edged, convolution.kernel, convolution.strides, "VALID"))
    assert F.shape == expected.shape
    np.testing.assert_allclose(F[:, 2:-2, 2:-2], expected[:, 2:-2, 2:-2], rtol=1e-3, atol=1e-2)
    assert not np.allclose(F, expected)


def test_edges_are_repeated_by_padding_layers_and_by_the_convolution_together() -> None:
    inputs = x = keras.Input((None, None, 1))
    x = keras.layers.ZeroPadding2D(((1, 0), (0, 2)))(x)
    x = keras.layers.Conv2D(1, 3, padding="same", dilation_rate=2)(x)
    pixels = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    edged = Border(keras.Model(inputs, x)).pad(tf.constant(pixels))
    np.testing.assert_array_equal(edged[0, ..., 0], np.pad(pixels[0, ..., 0], ((3, 2), (2, 4)), mode="edge"))


def test_the_gradient_of_the_padding_arrives_at_the_edge() -> None:
    pixels = tf.ones([1, 32, 32, 3])
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        total = tf.reduce_sum(Border(keras_network("resnet50")).pad(pixels))
    gradient = tape.gradient(total, pixels)[0, ..., 0]
    assert tf.reduce_sum(gradient) == 38 * 38
    assert (gradient[0, 0], gradient[0, 9], gradient[9, 9]) == (16, 4, 1)


def test_refuses_a_network_without_a_convolution() -> None:
    inputs = keras.Input((None, None, 3))
    with pytest.raises(ConfigError, match="the network 'flat' has no convolution up to the wanted layers; use "):
        Border(keras.Model(inputs, keras.layers.ReLU()(inputs), name="flat"))
