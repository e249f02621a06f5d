"""Build the Keras networks without their tops: those of `keras.applications`, and a tiny one for tests and trials.

With `weights="imagenet"`, `keras.applications` downloads the weights that are missing.
"""

from itertools import pairwise

import keras
from keras import layers

_TRAINED_SHAPE = (224, 224, 3)
"""Shape that the MobileNets were trained on; with another one Keras warns when it loads their weights."""


def vgg16(weights: str | None = None) -> keras.Model:
    """VGG16 (Simonyan and Zisserman, 2015)."""
    return keras.applications.VGG16(include_top=False, weights=weights)


def vgg19(weights: str | None = None) -> keras.Model:
    """VGG19 (Simonyan and Zisserman, 2015)."""
    return keras.applications.VGG19(include_top=False, weights=weights)


def resnet50(weights: str | None = None) -> keras.Model:
    """ResNet50, the first version (He et al., 2016)."""
    return keras.applications.ResNet50(include_top=False, weights=weights)


def mobilenet_v2(weights: str | None = None) -> keras.Model:
    """MobileNetV2 (Sandler et al., 2018)."""
    shape = _TRAINED_SHAPE if weights else None
    return keras.applications.MobileNetV2(include_top=False, weights=weights, input_shape=shape)


def mobilenet_v3(weights: str | None = None) -> keras.Model:
    """MobileNetV3Large (Howard et al., 2019), without its rescaling of pixels.

    Keras numbers the activations across the whole process; here each gets the name of the layer that it activates:
    `expanded_conv_1_expand_activation` comes after `expanded_conv_1_expand` and its normalization.
    """
    shape = _TRAINED_SHAPE if weights else None
    network = keras.applications.MobileNetV3Large(
        include_top=False, weights=weights, input_shape=shape, include_preprocessing=False
    )
    for normalization, layer in pairwise(network.layers):
        if normalization.name.endswith("_bn") and isinstance(layer, keras.layers.Activation | keras.layers.ReLU):
            layer.name = f"{normalization.name.removesuffix('_bn')}_activation"
    return network


def tiny() -> keras.Model:
    """Three 3x3 convolutions of 8, 16 and 32 channels with pooling between them."""
    inputs = keras.Input((None, None, 3))
    x = _convolution(8, "block1_conv1")(inputs)
    x = layers.MaxPooling2D(name="block1_pool")(x)
    x = _convolution(16, "block2_conv1")(x)
    x = layers.MaxPooling2D(name="block2_pool")(x)
    x = _convolution(32, "block3_conv1")(x)
    return keras.Model(inputs, x, name="tiny")


def _convolution(channels: int, name: str) -> keras.Layer:
    return layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)
