"""A backbone at work: pixels in, features of the wanted layers out."""

from collections.abc import Iterable
from importlib import import_module

import keras
import tensorflow as tf

from nst_engine.backbones.loading import load_weights
from nst_engine.config import Pooling, TransferConfig
from nst_engine.precision import Precision
from nst_engine.types import Tensor
from nst_engine.weights import WeightsSource

CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
"""Mean of ImageNet's pixels in the order blue, green, red, 0..255."""


class Network:
    """Pixels to features, in one precision, no deeper than the deepest wanted layer.

    Args:
        config: names the backbone, its weights and its pooling.
        weights: the weights, as `find_weights` found them.
        precision: what the features are computed in.
        layers: names of the layers whose features are wanted.
    """

    def __init__(
        self, config: TransferConfig, weights: WeightsSource, precision: Precision, layers: Iterable[str]
    ) -> None:
        module, function = config.spec.builder.split(":")
        whole = getattr(import_module(module), function)()
        load_weights(whole, weights, config)
        outputs = {name: whole.get_layer(name).output for name in dict.fromkeys(layers)}
        self._model = _rebuilt(keras.Model(whole.inputs, outputs), precision, config.pooling)
        self._dtype = precision.compute_dtype

    def features(self, pixels: Tensor) -> dict[str, Tensor]:
        """Features by layer.

        Args:
            pixels: [1, height, width, 3], float32, RGB in [0, 255].

        Returns:
            One [1, height', width', channels] a layer, in the precision's compute dtype.
        """
        caffe = pixels[..., ::-1] - tf.constant(CAFFE_MEAN_BGR)
        features: dict[str, Tensor] = self._model(tf.cast(caffe, self._dtype), training=False)
        return features


def _rebuilt(model: keras.Model, precision: Precision, pooling: Pooling) -> keras.Model:
    """The same network in another precision, its max pooling perhaps replaced by average pooling."""

    def layer_like(layer: keras.Layer) -> keras.Layer:
        statistics = isinstance(layer, keras.layers.BatchNormalization)
        settings = layer.get_config() | {"dtype": precision.variable_dtype if statistics else precision.compute_dtype}
        averaged = pooling == "average" and isinstance(layer, keras.layers.MaxPooling2D)
        kind = keras.layers.AveragePooling2D if averaged else type(layer)
        return kind.from_config(settings)

    rebuilt = keras.models.clone_model(model, clone_function=layer_like)
    rebuilt.set_weights(model.get_weights())
    rebuilt.trainable = False
    return rebuilt
