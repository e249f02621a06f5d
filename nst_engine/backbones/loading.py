"""Load weights into a Keras network: from a Keras file, from the packaged VGG16, or from a seed."""

import warnings

import h5py
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
        if config.weights == "packaged":
            _load_packaged_vgg16(model, source)
        else:
            _load_file(model, source)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"weights file {str(source.path)!r} does not fit {config.backbone}: {reason}") from error


def _load_file(model: keras.Model, source: WeightsSource) -> None:
    with warnings.catch_warnings():
        # Keras warns of each missing layer, then raises an error that names them
        warnings.filterwarnings("ignore", "Skipping nested container", UserWarning)
        model.load_weights(source.path)


def _load_packaged_vgg16(model: keras.Model, source: WeightsSource) -> None:
    """Read VGG16's layers from the file of an HED network: `blockB/layers/conv2d_I` is `blockB_conv(I+1)`."""
    with h5py.File(source.path) as file:
        for layer in model.layers:
            if isinstance(layer, keras.layers.Conv2D):
                block, convolution = layer.name.split("_conv")
                suffix = "" if convolution == "1" else f"_{int(convolution) - 1}"
                values = file[f"{block}/layers/conv2d{suffix}/vars"]
                layer.set_weights([values["0"][()], values["1"][()]])


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
