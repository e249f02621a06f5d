"""The network of a painter: pixels and a strength in, painted pixels out, as functions of its parameters.

It is the network of Johnson et al. (2016) at half width. Differs from Johnson et al. (2016): instance normalization in
the place of batch normalization (Ulyanov et al., 2017), reflected borders at each convolution, nearest neighbours and a
convolution in the place of transposed ones (Odena et al., 2016), and no tanh at the end. Each normalization has its
scale and shift as straight lines over the strength, in the manner of Dumoulin et al. (2017), who choose them by the
style.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.types import Tensor

Parameters = dict[str, Tensor]
"""The numbers that a painter learns, by name, float32."""

Arrays = dict[str, npt.NDArray[np.float32]]
"""Parameters outside of TensorFlow."""

GRID = 4
"""Pixels from one place to the next where the network is coarsest."""

REACH = 60
"""Pixels beyond a place that can change its colour, the normalizations aside."""

_HALF_RANGE = 127.5
_EPSILON = 1e-5
_BLOCKS = 5

_STEEPNESS = 4.0
"""Unit of the slopes: with a greater one, what depends on the strength is learned faster than what does not."""


class Moments(NamedTuple):
    """Mean and variance of each channel over the places of a picture, [channels], float32."""

    mean: Tensor
    variance: Tensor


class _Layer(NamedTuple):
    """A convolution. `stride` is in pixels from one place of its result to the next."""

    name: str
    side: int
    inputs: int
    outputs: int
    stride: int


def _layers() -> Iterator[_Layer]:
    yield _Layer("first", 9, 3, 16, 1)
    yield _Layer("half", 3, 16, 32, 2)
    yield _Layer("quarter", 3, 32, 64, 4)
    for block in range(_BLOCKS):
        yield _Layer(f"block{block}_a", 3, 64, 64, 4)
        yield _Layer(f"block{block}_b", 3, 64, 64, 4)
    yield _Layer("half_again", 3, 64, 32, 2)
    yield _Layer("whole_again", 3, 32, 16, 1)


NORMALIZED = tuple(_layers())
"""The layers that are normalized, in their order."""

_LAST = _Layer("last", 9, 32, 3, 1)
"""Reads the features of the first layer too: what is fine in the picture does not pass through the coarse layers."""


def first_parameters(seed: int) -> Arrays:
    """The parameters before anything is learned."""
    generator = np.random.default_rng(seed)
    parameters: Arrays = {"last/kernel": _kernel(_LAST, 1, generator), "last/bias": np.zeros(3, np.float32)}
    for layer in NORMALIZED:
        parameters[f"{layer.name}/kernel"] = _kernel(layer, 2, generator)
        for name, value in (("scale", 1), ("scale_slope", 0), ("shift", 0), ("shift_slope", 0)):
            parameters[f"{layer.name}/{name}"] = np.full(layer.outputs, value, np.float32)
    return parameters


def _kernel(layer: _Layer, gain: float, generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Normal numbers of the variance `gain / fan-in` (He et al., 2015, eq. 10)."""
    shape, fan_in = (layer.side, layer.side, layer.inputs, layer.outputs), layer.side**2 * layer.inputs
    kernel: npt.NDArray[np.float32] = (generator.standard_normal(shape) * np.sqrt(gain / fan_in)).astype(np.float32)
    return kernel


def paint(
    parameters: Parameters, pixels: Tensor, strength: Tensor, dtype: str, known: Sequence[Moments] = ()
) -> Tensor:
    """The painted pixels, which may be beyond black and white; part of a graph.

    Args:
        parameters: of the network.
        pixels: [1, height, width, 3], float32, in [0, 255], each side 8 pixels or more.
        strength: from 0 to 1, a float32 scalar.
        dtype: in which convolutions are computed.
        known: moments by which the layers are normalized, in their order; the others by their own.

    Returns:
        [1, height, width, 3], float32.
    """
    return _Pass(parameters, strength, known).paint(pixels, dtype)


def features_before(
    parameters: Parameters, pixels: Tensor, strength: Tensor, dtype: str, known: Sequence[Moments]
) -> Tensor:
    """The features that come after the known moments, not yet normalized, [1, height, width, channels]."""
    run = _Pass(parameters, strength, known)
    run.paint(pixels, dtype)
    return run.before[len(known)]


class _Pass:
    """One pass through the network; `before` are the features before each normalization."""

    def __init__(self, parameters: Parameters, strength: Tensor, known: Sequence[Moments]) -> None:
        self._parameters, self._known = parameters, known
        self._tilt = _STEEPNESS * (2 * strength - 1)
        self.before: list[Tensor] = []

    def paint(self, pixels: Tensor, dtype: str) -> Tensor:
        x = tf.cast(pixels / _HALF_RANGE - 1, dtype)
        first = x = tf.nn.relu(self._layer("first", x))
        half = x = tf.nn.relu(self._layer("half", x, 2))
        x = tf.nn.relu(self._layer("quarter", x, 2))
        for block in range(_BLOCKS):
            x += self._layer(f"block{block}_b", tf.nn.relu(self._layer(f"block{block}_a", x)))
        x = tf.nn.relu(self._layer("half_again", _doubled(x, tf.shape(half)[1:3])))
        x = tf.nn.relu(self._layer("whole_again", _doubled(x, tf.shape(first)[1:3])))
        x = self._convolved("last", tf.concat([x, first], axis=3))
        return _HALF_RANGE * (1 + tf.cast(x, tf.float32) + self._parameters["last/bias"])

    def _layer(self, name: str, x: Tensor, step: int = 1) -> Tensor:
        return self._normalized(name, self._convolved(name, x, step))

    def _convolved(self, name: str, x: Tensor, step: int = 1) -> Tensor:
        kernel = tf.cast(self._parameters[f"{name}/kernel"], x.dtype)
        margin = [kernel.shape[0] // 2] * 2
        return tf.nn.conv2d(tf.pad(x, [[0, 0], margin, margin, [0, 0]], "REFLECT"), kernel, step, "VALID")

    def _normalized(self, name: str, x: Tensor) -> Tensor:
        """Of a single picture, batch normalization is instance normalization."""
        scale, shift = (
            self._parameters[f"{name}/{line}"] + self._tilt * self._parameters[f"{name}/{line}_slope"]
            for line in ("scale", "shift")
        )
        index = len(self.before)
        self.before.append(x)
        moments = self._known[index]._asdict() if index < len(self._known) else {}
        y, *_ = tf.compat.v1.nn.fused_batch_norm(x, scale, shift, **moments, epsilon=_EPSILON, is_training=not moments)
        return y


def _doubled(x: Tensor, size: Tensor) -> Tensor:
    """Each place four times, its nearest neighbours, as many as a height and width hold."""
    doubled = tf.image.resize(x, 2 * tf.shape(x)[1:3], method="nearest")
    return doubled[:, : size[0], : size[1]]
