from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nst_engine.backbones.calibration_picture import natural_pixels
from nst_engine.backbones.network import Network
from nst_engine.hardware.precision import FLOAT32, MIXED_BFLOAT16, MIXED_FLOAT16, Precision
from nst_engine.registry.backbones import backbone_spec
from tests.nst_engine.engines import shared_network
from tests.nst_engine.small import noise_pixels, small_config
from tests.reference.network import CHANNELS, tiny_features

PICTURE = noise_pixels(24, 19)
PIXELS = tf.constant(PICTURE[np.newaxis], tf.float32)


def network(precision: Precision = FLOAT32, layers: tuple[str, ...] = tuple(CHANNELS), **changes: Any) -> Network:
    return shared_network(small_config(**changes), layers, precision)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("seed", [0, 3])
def test_features_of_tiny_are_those_of_numpy(pooling: str, seed: int) -> None:
    features = network(pooling=pooling, seed=seed).features(PIXELS)
    expected = tiny_features(PICTURE.astype(np.float64), seed, pooling)
    for layer in CHANNELS:
        np.testing.assert_allclose(features[layer][0], expected[layer], rtol=1e-4, atol=1e-2)


def test_gives_the_wanted_layers_and_no_others() -> None:
    features = network(layers=("block2_conv1", "block1_pool", "block2_conv1")).features(PIXELS)
    assert {name: tuple(value.shape) for name, value in features.items()} == {
        "block1_pool": (1, 9, 12, 8),
        "block2_conv1": (1, 9, 12, 16),
    }


@pytest.mark.parametrize("precision", [MIXED_BFLOAT16, MIXED_FLOAT16], ids=lambda precision: precision.name)
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_features_have_the_dtype_of_the_precision_and_nearly_the_same_values(
    precision: Precision, pooling: str
) -> None:
    exact, low = network(pooling=pooling).features(PIXELS), network(precision, pooling=pooling).features(PIXELS)
    for layer in CHANNELS:
        assert low[layer].dtype == precision.compute_dtype
        difference = tf.norm(tf.cast(low[layer], tf.float32) - exact[layer])
        assert difference < 0.02 * tf.norm(exact[layer])


@pytest.mark.parametrize("precision", [FLOAT32, MIXED_BFLOAT16], ids=lambda precision: precision.name)
def test_resnet50_gives_features_of_both_precisions(precision: Precision) -> None:
    layers = ("conv1_relu", "conv2_block1_out")
    features = network(precision, layers, backbone="resnet50", content_layers=None, style_layers=None).features(PIXELS)
    assert [value.dtype for value in features.values()] == [precision.compute_dtype] * 2
    assert all(np.isfinite(tf.cast(value, tf.float32)).all() for value in features.values())


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [(MIXED_BFLOAT16, 0.05), (MIXED_FLOAT16, 0.01)],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3"])
def test_a_mobilenet_computes_nearly_the_same_in_every_precision(
    name: str, precision: Precision, tolerance: float
) -> None:
    layers = backbone_spec(name).style_layers
    own: dict[str, Any] = {"backbone": name, "content_layers": None, "style_layers": None}
    pixels = tf.constant(np.concatenate([natural_pixels(seed) for seed in range(8)]))
    exact, low = (network(kind, layers, **own).features(pixels) for kind in (FLOAT32, precision))
    for layer in layers:
        assert low[layer].dtype == precision.compute_dtype
        difference = tf.norm(tf.cast(low[layer], tf.float32) - exact[layer])
        assert difference < tolerance * tf.norm(exact[layer])


def test_the_average_pooled_vgg16_has_the_weights_of_the_max_pooled_one() -> None:
    shallow: dict[str, Any] = {
        "backbone": "vgg16",
        "content_layers": ("block1_conv2",),
        "style_layers": ("block1_conv1",),
    }
    most, mean = (
        network(layers=("block1_conv2", "block2_conv1"), pooling=pooling, **shallow).features(PIXELS)
        for pooling in ("max", "average")
    )
    np.testing.assert_array_equal(most["block1_conv2"], mean["block1_conv2"])
    assert not np.array_equal(most["block2_conv1"], mean["block2_conv1"])
