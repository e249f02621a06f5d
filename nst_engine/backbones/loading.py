"""Load weights into a Keras network: from a Keras file, or from a seed."""

import warnings

import keras
import numpy as np

from nst_engine.backbones.weights import WeightsSource
from nst_engine.config import TransferConfig
from nst_engine.errors import WeightsError


def load_weights(model: keras.Model, source: WeightsSource, config: TransferConfig) -> None:
    """Load the weights of `source` into the network.

    Raises:
        WeightsError: the file is damaged or belongs to another network.
    """
    if source.path is None:
        _fill_randomly(model, config.seed)
        return
    try:
        _load_file(model, source)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"weights file {str(source.path)!r} does not fit {config.backbone}: {reason}") from error


def _load_file(model: keras.Model, source: WeightsSource) -> None:
    with warnings.catch_warnings():
        # Keras warns of each missing layer, then raises an error that names them
        warnings.filterwarnings("ignore", "Skipping nested container", UserWarning)
        model.load_weights(source.path)


def _fill_randomly(model: keras.Model, seed: int) -> None:
    """He normal kernels and zero biases (He et al., 2015, eq. 10); normalization layers stay the identity.

    A depthwise kernel reads one channel: its fan-in is its height times its width.

    NumPy draws the numbers, so that a seed means the same network in every version of Keras.
    """
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        if depthwise or isinstance(layer, keras.layers.Conv2D):
            kernel, *bias = layer.get_weights()
            fan_in = np.prod(kernel.shape[: 2 if depthwise else 3])
            drawn = generator.standard_normal(kernel.shape, dtype=np.float32) * np.sqrt(2 / fan_in, dtype=np.float32)
            layer.set_weights([drawn, *map(np.zeros_like, bias)])
