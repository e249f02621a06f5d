"""Layers that give the same numbers as those of Keras, faster.

A convolution is computed as the input gradient of another one, as oneDNN does it fastest in float32. The ReLU of a
convolution is taken behind the max pooling that follows: the two commute, and there are fewer places then.
"""

from collections.abc import Callable
from functools import cached_property

import keras
import tensorflow as tf

from nst_engine.types import Tensor

TURNED_SCOPE = "turned_convolution"
"""Name scope of a convolution that is computed as a gradient, by which a profile knows it from a gradient."""

_STEP = (1, 1)


class TurnedConv2D(keras.layers.Conv2D):  # type: ignore[misc]  # Keras ships no types
    """A convolution whose result is computed as the input gradient of the one with its kernel turned by 180 degrees.

    The two are the same sums. But TensorFlow gives oneDNN the kernel of a float32 convolution as it lies in memory,
    where each output channel's numbers are far apart, and that of an input gradient to lay out as it likes: with 512
    channels the one runs at half of the other's speed. Of other dtypes oneDNN lays out both.

    The turned kernel is a copy, made when the layer is first called; the layer's weights must not change after that.
    """

    @staticmethod
    def can_do(layer: keras.Operation) -> bool:
        """Whether that layer is a convolution for this class: by single steps, its result as large as what it is of."""
        return (
            type(layer) is keras.layers.Conv2D
            and (layer.strides, layer.dilation_rate, layer.groups) == (_STEP, _STEP, 1)
            and (layer.padding, layer.data_format) == ("same", "channels_last")
            and all(side % 2 for side in layer.kernel_size)
        )

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The convolution, without the bias."""
        return _convolution(inputs, kernel, self._turned)

    @cached_property
    def _turned(self) -> Tensor:
        with tf.init_scope():
            return tf.transpose(tf.reverse(self.kernel.value, axis=[0, 1]), [0, 1, 3, 2])


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def _convolution(
    x: Tensor, kernel: Tensor, turned: Tensor
) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, None, None]]]:
    def gradient(dy: Tensor) -> tuple[Tensor, None, None]:
        return _input_gradient(dy, kernel), None, None

    with tf.name_scope(TURNED_SCOPE):
        return _input_gradient(x, turned), gradient


def _input_gradient(dy: Tensor, kernel: Tensor) -> Tensor:
    """That of a convolution with the kernel, [height, width, channels, filters], from that of its result."""
    shape = tf.concat([tf.shape(dy)[:3], kernel.shape[2:3]], axis=0)
    dx = tf.nn.conv2d_transpose(dy, kernel, shape, strides=1, padding="SAME")
    return tf.ensure_shape(dx, [*dy.shape[:3], kernel.shape[2]])


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
