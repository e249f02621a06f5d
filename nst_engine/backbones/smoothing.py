"""Activation smoothing, so that residual networks transfer style (Wang, Li and Vasconcelos, 2021: SWAG).

Residual connections give peaky features: a few decide the Gram matrix. A softmax over channels evens them out.
"""

from math import log2
from typing import NamedTuple

import tensorflow as tf

from nst_engine.types import Tensor

VGG16_RMS = (49.7, 68.2, 25.3, 12.5, 4.99)
"""Root mean squares of the features `block1_conv1` to `block5_conv1` of a VGG16 of Caffe's scale, tuned on edges.

Index i belongs to the stride 2^i, in pixels. Smoothed features are scaled to these, so that the losses of all smoothed
networks are of one size and one pair of loss weights suits them. Other numbers would be another recipe.
"""

DEVIATIONS = 2.0
"""The temperature of a softmax, in standard deviations of the features."""


class SoftmaxScale(NamedTuple):
    """Scales of one layer's softmax.

    Attributes:
        temperature: divisor of the features before the softmax.
        gain: factor on its result, besides the number of channels.
    """

    temperature: float
    gain: float


def smooth(F: Tensor, scale: SoftmaxScale) -> Tensor:
    """`gain * N * softmax(F / temperature)`, the softmax over the N channels of each place.

    Computed in float32, returned in the dtype of `F`. The mean is always `gain`.

    Differs from Wang et al. (2021): the softmax is over the channels of a place; over the whole layer only the
    greatest few of millions of features would remain. Its temperature is in units of the layer's own
    deviation, not 1, so that random weights and networks without normalization are smoothed to the same degree.

    Args:
        F: features, [1, height, width, N].
        scale: scales of this layer.
    """
    S = tf.nn.softmax(tf.cast(F, tf.float32) / scale.temperature)
    return tf.cast(scale.gain * F.shape[-1] * S, F.dtype)


def fit_scale(F: Tensor, stride: float) -> SoftmaxScale:
    """Compute the scales of a layer's softmax, from its features of the calibration picture.

    The gain brings the smoothed features to the root mean square of VGG16's features at the nearest stride.

    Args:
        F: features, [1, height, width, N].
        stride: pixels of the picture per place of the layer.
    """
    deviation = float(tf.math.reduce_std(tf.cast(F, tf.float32)))
    temperature = DEVIATIONS * deviation or 1.0
    S = smooth(tf.cast(F, tf.float32), SoftmaxScale(temperature, gain=1.0))
    level = min(max(round(log2(stride)), 0), len(VGG16_RMS) - 1)
    return SoftmaxScale(temperature, gain=VGG16_RMS[level] / float(tf.sqrt(tf.reduce_mean(tf.square(S)))))
