"""A backbone network: pixels in, features of the wanted layers out."""

from collections.abc import Iterable
from functools import cached_property
from math import prod
from pkgutil import resolve_name

import keras
import tensorflow as tf

from nst_engine.backbones.border import Border
from nst_engine.backbones.calibration_picture import SIDE, natural_pixels
from nst_engine.backbones.fast_layers import RectifiedMaxPooling2D, TurnedConv2D, deferrable_relus
from nst_engine.backbones.loading import load_weights
from nst_engine.backbones.preprocessing import preprocess
from nst_engine.backbones.smoothing import fit_scale, smooth
from nst_engine.backbones.weights import WeightsSource
from nst_engine.config import Pooling, TransferConfig
from nst_engine.errors import ConfigError, listed
from nst_engine.hardware.graphs import graph_of
from nst_engine.hardware.keras_settings import own_keras_settings
from nst_engine.hardware.precision import Precision
from nst_engine.registry.backbones import BackboneSpec
from nst_engine.types import Tensor

_LINEAR = (
    keras.layers.Add,
    keras.layers.AveragePooling2D,
    keras.layers.BatchNormalization,
    keras.layers.InputLayer,
    keras.layers.ZeroPadding2D,
)


class Network:
    """Computes features from pixels, in one precision, up to the deepest wanted layer.

    Args:
        config: names the backbone, its weights and its pooling.
        weights: the weights, as `find_weights` found them.
        precision: dtypes of the computation.
        layers: names of the layers whose features are wanted.
        turned: whether to use `TurnedConv2D` where it can compute the convolution.

    Raises:
        ConfigError: the network lacks one of the layers, or takes pictures of one size only.
        WeightsError: the weights do not fit.
    """

    @own_keras_settings()
    def __init__(
        self,
        config: TransferConfig,
        weights: WeightsSource,
        precision: Precision,
        layers: Iterable[str],
        turned: bool = False,
    ) -> None:
        self._spec = config.spec
        whole = _build(self._spec)
        load_weights(whole, weights, config)
        outputs = {name: whole.get_layer(name).output for name in dict.fromkeys(layers)}
        wanted = keras.Model(whole.inputs[0], outputs)
        self._border = Border(wanted)
        self._model = _rebuild(wanted, precision, config.pooling, self._border, turned)
        self._dtype = precision.compute_dtype
        self._sizes: dict[tuple[int, int], dict[str, tuple[int, int]]] = {}
        self._scales = {
            name: fit_scale(F, SIDE / F.shape[1])
            for name, F in self._plain_features(tf.constant(natural_pixels())).items()
            if config.feature_smoothing == "softmax"
        }

    def features(self, pixels: Tensor) -> dict[str, Tensor]:
        """Features by layer, smoothed if the configuration or the backbone says so.

        Args:
            pixels: [1, height, width, 3], float32, RGB in [0, 255].

        Returns:
            By layer, [1, height', width', channels], in the precision's compute dtype.
        """
        return {
            name: smooth(F, self._scales[name]) if name in self._scales else F
            for name, F in self._plain_features(pixels).items()
        }

    def _plain_features(self, pixels: Tensor) -> dict[str, Tensor]:
        pixels = self._border.pad(preprocess(pixels, self._spec.preprocessing))
        features: dict[str, Tensor] = self._model(tf.cast(pixels, self._dtype), training=False)
        return features

    @property
    def reach(self) -> int:
        """Pixels beyond a place that can change its features, at the deepest layer."""
        return self._spec.reach or 0

    def sizes(self, height: int, width: int) -> dict[str, tuple[int, int]]:
        """Height and width of each layer's features, for pixels of that size; each new size takes a trace."""
        if (height, width) not in self._sizes:
            traced = graph_of(self.features).get_concrete_function(tf.TensorSpec([1, height, width, 3]))
            sizes = {layer: tuple(F.shape[1:3]) for layer, F in traced.structured_outputs.items()}
            self._sizes[height, width] = sizes
        return self._sizes[height, width]

    def strides(self) -> dict[str, int]:
        """Pixels from one place to the next, by layer."""
        side = 4096
        return {layer: side // height for layer, (height, _) in self.sizes(side, side).items()}

    @cached_property
    def bytes_per_pixel(self) -> dict[str, float]:
        """Bytes of features per pixel of a picture, by layer, of the layers kept until the gradient is taken.

        These are the wanted layers, the layers that are not linear (the gradient of a linear layer needs no features),
        and the inputs of max pooling.
        """
        side, size = 4096, tf.as_dtype(self._dtype).size
        wanted, layers = self._model.output, self._model.layers
        pooled = [layer.input for layer in layers if isinstance(layer, keras.layers.MaxPooling2D)]
        outputs = {
            layer.name: layer.output
            for layer in layers
            if layer.name in wanted or not _is_linear(layer) or any(layer.output is each for each in pooled)
        }
        shapes = keras.Model(self._model.inputs, outputs).compute_output_shape((1, side, side, 3))
        return {name: prod(shape) * size / side**2 for name, shape in shapes.items()}


def _build(spec: BackboneSpec) -> keras.Model:
    network: keras.Model = resolve_name(spec.builder)()
    names = [layer.name for layer in network.layers]
    for layer in spec.layers:
        if layer not in names:
            raise ConfigError(f"the network of {spec.name!r} has no layer {layer!r}; use {listed(names)}")
    if tuple(network.inputs[0].shape) != (None, None, None, 3):
        shape = tuple(network.inputs[0].shape[1:])
        raise ConfigError(f"the network of {spec.name!r} takes {shape}; use one with the input shape (None, None, 3)")
    return network


def _is_linear(layer: keras.Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return isinstance(layer, _LINEAR) if activation is None else activation is keras.activations.linear


def _rebuild(model: keras.Model, precision: Precision, pooling: Pooling, border: Border, turned: bool) -> keras.Model:
    """Rebuild a network in a precision, with a pooling, without zero padding, and with the fast layers."""
    later = deferrable_relus(model) if pooling == "max" else {}
    kinds = dict.fromkeys(later.values(), RectifiedMaxPooling2D)
    changes = border.settings | {name: border.settings.get(name, {}) | {"activation": "linear"} for name in later}

    def layer_like(layer: keras.Operation) -> keras.Operation:
        if not isinstance(layer, keras.Layer):
            return layer
        statistics = isinstance(layer, keras.layers.BatchNormalization)
        settings = layer.get_config() | changes.get(layer.name, {})
        settings["dtype"] = precision.variable_dtype if statistics else precision.compute_dtype
        averaged = pooling == "average" and isinstance(layer, keras.layers.MaxPooling2D)
        kind = keras.layers.AveragePooling2D if averaged else kinds.get(layer.name, type(layer))
        new = kind.from_config(settings)
        return TurnedConv2D.from_config(settings) if turned and TurnedConv2D.can_do(new) else new

    rebuilt = keras.models.clone_model(model, clone_function=layer_like)
    rebuilt.set_weights(model.get_weights())
    rebuilt.trainable = False
    return rebuilt
