"""Pad pictures for a network's first convolution with their own edge, not with zeros."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from nst_engine.errors import ConfigError
from nst_engine.types import Tensor

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


class _Axis(NamedTuple):
    """Padding along one axis, in pixels.

    Attributes:
        before, after: what padding layers add.
        reach, step: extent and stride of a convolution that pads by itself, else 1 and 1.
    """

    before: int
    after: int
    reach: int
    step: int

    def margins(self, size: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels to add before and after a row or column of `size` pixels."""
        size = size + self.before + self.after
        places = -(-size // self.step)
        missing = tf.maximum((places - 1) * self.step + self.reach - size, 0)
        return self.before + missing // 2, self.after + missing - missing // 2


class Border:
    """Pads pictures with their edge, in place of the zeros of a network's first convolution.

    Zeros would be a black or grey frame around every picture. The layers before that convolution must treat each pixel
    alike.

    Args:
        network: a Keras network of pictures.

    Attributes:
        settings: by layer, the Keras settings with which the network adds no zeros itself.

    Raises:
        ConfigError: the network has no convolution.
    """

    def __init__(self, network: keras.Model) -> None:
        first = next((layer for layer in network.layers if isinstance(layer, _CONVOLUTIONS)), None)
        if first is None:
            raise ConfigError(
                f"the network {network.name!r} has no convolution up to the wanted layers; "
                "use one whose convolutions are layers of its own, not of a model inside it"
            )
        before = network.layers[: network.layers.index(first)]
        paddings = [layer for layer in before if isinstance(layer, keras.layers.ZeroPadding2D)]
        self.settings: dict[str, dict[str, Any]] = {layer.name: {"padding": 0} for layer in paddings}
        self.settings[first.name] = {"padding": "valid"}
        self._axes = [_Axis(*_zero_padding(paddings, axis), *_reach_and_step(first, axis)) for axis in (0, 1)]

    def pad(self, pixels: Tensor) -> Tensor:
        """Pad the pixels, [1, height, width, channels], with their edge."""
        for axis, padding in enumerate(self._axes, start=1):
            size = tf.shape(pixels)[axis]
            before, after = padding.margins(size)
            pixels = tf.concat([_repeat(pixels, 0, before, axis), pixels, _repeat(pixels, size - 1, after, axis)], axis)
        return pixels


def _repeat(pixels: Tensor, place: Tensor, times: Tensor, axis: int) -> Tensor:
    """Repeat one row or column `times` times; the gradients of a slice and a tile are cheap."""
    here = [index == axis for index in range(4)]
    edge = tf.slice(pixels, [place if it else 0 for it in here], [1 if it else -1 for it in here])
    return tf.tile(edge, [times if it else 1 for it in here])


def _zero_padding(paddings: list[keras.layers.ZeroPadding2D], axis: int) -> tuple[int, int]:
    before, after = (sum(layer.padding[axis][end] for layer in paddings) for end in (0, 1))
    return before, after


def _reach_and_step(convolution: keras.Layer, axis: int) -> tuple[int, int]:
    if convolution.padding != "same":
        return 1, 1
    reach = (convolution.kernel_size[axis] - 1) * convolution.dilation_rate[axis] + 1
    return reach, convolution.strides[axis]
