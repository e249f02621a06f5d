"""Layers that give the same numbers as Keras's, faster.

A convolution is computed as the input gradient of another convolution, which is oneDNN's fastest way in float32. The
ReLU of a convolution is computed after the max pooling that follows: the two commute, and fewer places remain.
"""

from collections.abc import Callable
from functools import cached_property

import keras
import tensorflow as tf

from nst_engine.types import Tensor

TURNED_SCOPE = "turned_convolution"
"""Name scope of convolutions computed as gradients, so that a profile does not count them as gradients."""

_STEP = (1, 1)


class TurnedConv2D(keras.layers.Conv2D):  # type: ignore[misc]  # Keras ships no types
    """A convolution computed as the input gradient of the convolution with the kernel turned by 180 degrees.

    Both are the same sums. But TensorFlow passes the kernel of a float32 convolution to oneDNN as it lies in memory,
    each output channel's numbers far apart, while oneDNN lays out the kernel of an input gradient itself: with 512
    channels the convolution runs at half the speed of the gradient. For other dtypes oneDNN lays out both kernels.

    The turned kernel is a copy, made when the layer is first called; the layer's weights must not change after that.
    """

    @staticmethod
    def can_do(layer: keras.Operation) -> bool:
        """True if the layer is a convolution that this class can compute: stride 1, same padding."""
        return (
            type(layer) is keras.layers.Conv2D
            and (layer.strides, layer.dilation_rate, layer.groups) == (_STEP, _STEP, 1)
            and (layer.padding, layer.data_format) == ("same", "channels_last")
            and all(side % 2 for side in layer.kernel_size)
        )

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The convolution, without the bias."""
        return _convolution(inputs, kernel, self._turned_kernel)

    @cached_property
    def _turned_kernel(self) -> Tensor:
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
    """A convolution's input gradient from its output gradient; kernel [height, width, channels, filters]."""
    shape = tf.concat([tf.shape(dy)[:3], kernel.shape[2:3]], axis=0)
    dx = tf.nn.conv2d_transpose(dy, kernel, shape, strides=1, padding="SAME")
    return tf.ensure_shape(dx, [*dy.shape[:3], kernel.shape[2]])


class RectifiedMaxPooling2D(keras.layers.MaxPooling2D):  # type: ignore[misc]  # Keras ships no types
    """Max pooling, then ReLU: the same features and gradients as ReLU, then max pooling.

    A ReLU and its gradient are passes over memory; after a pooling of 2 by 2 they pass over a quarter of it.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The greatest value of each window, at least 0."""
        return tf.nn.relu(super().call(inputs))


def deferrable_relus(model: keras.Model) -> dict[str, str]:
    """Names of the convolutions whose ReLU the max pooling after them can do, with the pooling layer's name.

    No other layer, and no output, may read such a convolution. The model's outputs are given by name.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    behind = {}
    for convolution in filter(_has_relu, layers):
        readers = [layer for layer in layers if _reads(layer, convolution.output)]
        if convolution.name not in model.output and [type(layer) for layer in readers] == [keras.layers.MaxPooling2D]:
            behind[convolution.name] = readers[0].name
    return behind


def _has_relu(layer: keras.Layer) -> bool:
    return type(layer) is keras.layers.Conv2D and layer.activation is keras.activations.relu


def _reads(layer: keras.Layer, features: Tensor) -> bool:
    return any(read is features for read in keras.tree.flatten(layer.input))
