"""A network of three convolutions, for tests and trials: fast, seeded, nothing to download."""

import keras
from keras import layers


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
