"""Activation smoothing, which makes residual networks paint (Wang, Li and Vasconcelos, 2021: SWAG).

Residual connections give peaky features: few of them decide the Gram matrix. A softmax over channels evens them out.
"""

from math import log2
from typing import NamedTuple

import tensorflow as tf

from nst_engine.types import Tensor

VGG16_RMS = (49.7, 68.2, 25.3, 12.5, 4.99)
"""Root mean squares of the features `block1_conv1` to `block5_conv1` of the packaged VGG16, of the natural picture.

Index i is of stride 2^i, in pixels. Smoothed features are brought to these, so that the losses of every network
have about the magnitudes of VGG16's and one pair of loss weights suits them all. A test measures them again.
"""

DEVIATIONS = 2.0
"""The temperature of a softmax, in standard deviations of the features."""


class SoftmaxScale(NamedTuple):
    """Of one layer's softmax: what brings features into it and out of it.

    Attributes:
        temperature: what features are divided by before the softmax.
        gain: what its result is multiplied with, besides the number of channels.
    """

    temperature: float
    gain: float


def smoothed(F: Tensor, scale: SoftmaxScale) -> Tensor:
    """`gain * N * softmax(F / temperature)`, the softmax over the N channels of each place.

    Computed in float32 and given back in the dtype of `F`. The mean is `gain`, whatever `F` is.

    Differs from Wang et al. (2021): the softmax is over the channels of a place, not over the whole layer, where the
    greatest few of millions of features would be all that is left; its temperature is in units of the layer's
    own deviation, not 1, so that random weights and networks without normalization are smoothed alike.

    Args:
        F: features, [1, height, width, N].
        scale: of this layer.
    """
    S = tf.nn.softmax(tf.cast(F, tf.float32) / scale.temperature)
    return tf.cast(scale.gain * F.shape[-1] * S, F.dtype)


def fitted_scale(F: Tensor, stride: float) -> SoftmaxScale:
    """The scale of a layer's softmax, from its features of the natural picture.

    The gain brings the smoothed features to the root mean square of VGG16's at that stride, or the nearest it has.

    Args:
        F: features, [1, height, width, N].
        stride: pixels of the picture per place of the layer.
    """
    deviation = float(tf.math.reduce_std(tf.cast(F, tf.float32)))
    temperature = DEVIATIONS * deviation or 1.0
    S = smoothed(tf.cast(F, tf.float32), SoftmaxScale(temperature, gain=1.0))
    level = min(max(round(log2(stride)), 0), len(VGG16_RMS) - 1)
    return SoftmaxScale(temperature, gain=VGG16_RMS[level] / float(tf.sqrt(tf.reduce_mean(tf.square(S)))))
