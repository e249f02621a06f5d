"""Bring pixels to the range that a network was trained on."""

from typing import NamedTuple

import tensorflow as tf

from nst_engine.registry.backbones import Preprocessing
from nst_engine.types import Tensor


class Standard(NamedTuple):
    """What a preprocessing takes from pixels, and divides by.

    Attributes:
        mean, deviation: by colour, in the order that the network reads them.
        reverses: whether that order is blue, green, red.
    """

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)
    reverses: bool = False


STANDARDS: dict[Preprocessing, Standard] = {
    "caffe": Standard(mean=(103.939, 116.779, 123.68), reverses=True),
    "tf": Standard(mean=(127.5, 127.5, 127.5), deviation=(127.5, 127.5, 127.5)),
    "torch": Standard(mean=(123.675, 116.28, 103.53), deviation=(58.395, 57.12, 57.375)),
    "none": Standard(),
}


def preprocess(pixels: Tensor, kind: Preprocessing) -> Tensor:
    """`(pixels - mean) / deviation`, for `caffe` in the order blue, green, red.

    Args:
        pixels: [1, height, width, 3], float32, RGB in [0, 255].
        kind: as in `BackboneSpec`.

    Returns:
        The same shape, float32.
    """
    mean, deviation, reverses = STANDARDS[kind]
    ordered = tf.reverse(pixels, axis=[-1]) if reverses else pixels
    return (ordered - tf.constant(mean)) / tf.constant(deviation)
