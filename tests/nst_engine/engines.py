"""Networks that the tests of a file share, and engines that all do: each is built, and each graph traced, once."""

from functools import lru_cache
from pkgutil import resolve_name

import keras

from nst_engine import StyleTransfer
from nst_engine.backbones.network import Network
from nst_engine.backbones.weights import find_weights
from nst_engine.config import TransferConfig
from nst_engine.hardware.precision import FLOAT32, Precision
from nst_engine.registry.backbones import backbone_spec

_ENGINES_KEPT = 3
_NETWORKS_KEPT = 3
"""More would only fill memory, which TensorFlow never gives back to the system."""


def shared_engine(config: TransferConfig) -> StyleTransfer:
    """An engine of that configuration, on a network and graphs that other tests may have used before.

    A test that replaces a part of what is traced, or counts what an engine makes or keeps, makes a `StyleTransfer`.
    """
    return _engine(config.computation).with_config(config)


@lru_cache(_ENGINES_KEPT)
def _engine(computation: TransferConfig) -> StyleTransfer:
    return StyleTransfer(computation)


@lru_cache(_NETWORKS_KEPT)
def shared_network(config: TransferConfig, layers: tuple[str, ...], precision: Precision = FLOAT32) -> Network:
    """A network with its weights; what a test asks of it changes nothing of it."""
    return Network(config, find_weights(config), precision, layers)


@lru_cache(_NETWORKS_KEPT)
def keras_network(name: str) -> keras.Model:
    """The network that a backbone's builder builds; a test may set its weights, but must not rely on them."""
    network: keras.Model = resolve_name(backbone_spec(name).builder)()
    return network
