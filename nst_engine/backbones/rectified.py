"""The ReLU of a convolution behind the max pooling that follows: the two commute, and there are fewer places then."""

import keras
import tensorflow as tf

from nst_engine.types import Tensor


class RectifiedMaxPooling2D(keras.layers.MaxPooling2D):  # type: ignore[misc]  # Keras ships no types
    """Max pooling, then ReLU: the same as max pooling of rectified features, and so are the gradients.

    A ReLU and its gradient are passes over memory. Behind a pooling of 2 by 2 they are over a quarter of it.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The greatest of each window, or 0."""
        return tf.nn.relu(super().call(inputs))


def rectified_by(model: keras.Model) -> dict[str, str]:
    """Convolutions whose ReLU can be left to the max pooling behind them, each with the name of that layer.

    Nothing else may read the convolution's features. The model's outputs are given by name.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    behind = {}
    for convolution in filter(_is_rectified, layers):
        readers = [layer for layer in layers if _reads(layer, convolution.output)]
        if convolution.name not in model.output and [type(layer) for layer in readers] == [keras.layers.MaxPooling2D]:
            behind[convolution.name] = readers[0].name
    return behind


def _is_rectified(layer: keras.Layer) -> bool:
    return type(layer) is keras.layers.Conv2D and layer.activation is keras.activations.relu


def _reads(layer: keras.Layer, features: Tensor) -> bool:
    return any(read is features for read in keras.tree.flatten(layer.input))
