import keras
import numpy as np
import pytest
import tensorflow as tf

from nst_engine.backbones.calibration_picture import natural_pixels
from nst_engine.backbones.loading import load_weights
from nst_engine.backbones.network import Network
from nst_engine.backbones.preprocessing import preprocess
from nst_engine.backbones.smoothing import VGG16_RMS, SoftmaxScale, fit_scale, smooth
from nst_engine.backbones.weights import find_weights
from nst_engine.config import TransferConfig
from nst_engine.losses.content import content_loss
from nst_engine.losses.gram import gram_matrix, style_loss
from nst_engine.registry.backbones import BACKBONES, backbone_spec
from tests.nst_engine.engines import keras_network, shared_network

F = np.random.default_rng(5).standard_normal((1, 6, 7, 5), dtype=np.float32) * 30


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x.astype(np.float64) - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def entropy(G: np.ndarray) -> float:
    """How peaky a layer is, by Wang et al. (2021): 1 where all entries are equal, 0 where one is all."""
    p = np.abs(G.astype(np.float64)).ravel() / np.abs(G).sum()
    return -sum(x * np.log(x) for x in p if x > 0) / np.log(G.size)


# ---------------------------------------------------------------- the formula


def test_is_a_softmax_over_the_channels_of_each_place() -> None:
    np.testing.assert_allclose(smooth(tf.constant(F), SoftmaxScale(20.0, 3.0)), 3 * 5 * softmax(F / 20), rtol=1e-4)


def test_its_mean_is_the_gain_whatever_the_features() -> None:
    for factor in (0.0, 1e-3, 1e3):
        mean = float(tf.reduce_mean(smooth(tf.constant(F * np.float32(factor)), SoftmaxScale(7.0, 2.5))))
        assert mean == pytest.approx(2.5, rel=1e-4)


@pytest.mark.parametrize(("dtype", "tolerance"), [(tf.bfloat16, 2e-2), (tf.float16, 2e-3)])
def test_is_computed_in_float32_and_given_back_in_the_dtype_of_the_features(dtype: tf.DType, tolerance: float) -> None:
    low = tf.cast(F, dtype)
    S = smooth(low, SoftmaxScale(20.0, 3.0))
    assert S.dtype == dtype
    exact = 15 * softmax(np.asarray(tf.cast(low, tf.float32)) / 20)
    np.testing.assert_allclose(tf.cast(S, tf.float32), exact, rtol=tolerance)


def test_a_fitted_temperature_is_two_standard_deviations_of_the_features() -> None:
    assert fit_scale(tf.constant(F), 4).temperature == pytest.approx(2 * F.std(), rel=1e-5)


def test_a_fitted_scale_does_not_depend_on_the_scale_of_the_features() -> None:
    small, large = (smooth(tf.constant(F * k), fit_scale(tf.constant(F * k), 4)) for k in (0.01, 100.0))
    np.testing.assert_allclose(small, large, rtol=1e-4)


@pytest.mark.parametrize(("stride", "level"), [(1, 0), (2, 1), (4, 2), (8, 3), (16, 4), (32, 4)])
def test_a_fitted_scale_gives_the_root_mean_square_of_vgg16_at_that_stride(stride: int, level: int) -> None:
    S = smooth(tf.constant(F), fit_scale(tf.constant(F), stride))
    assert np.sqrt(np.mean(S**2)) == pytest.approx(VGG16_RMS[level], rel=1e-4)


def test_features_that_are_all_the_same_stay_so() -> None:
    flat = tf.fill([1, 4, 4, 3], 2.0)
    S = smooth(flat, fit_scale(flat, 1))
    np.testing.assert_allclose(S, np.full((1, 4, 4, 3), VGG16_RMS[0]), rtol=1e-5)


# ---------------------------------------------------------------- its scale


def engine_network(name: str, weights: str, layers: tuple[str, ...]) -> Network:
    return shared_network(
        TransferConfig(backbone=name, weights=weights, smoothing=backbone_spec(name).smoothing), layers
    )


def losses(name: str) -> tuple[float, float]:
    """The content and the style loss of one natural picture to another, on random weights."""
    spec = backbone_spec(name)
    network = engine_network(name, "random", (*spec.content_layers, *spec.style_layers))
    one, other = (network.features(tf.constant(natural_pixels(seed))) for seed in (1, 2))
    content = np.mean([content_loss(one[layer], other[layer]) for layer in spec.content_layers])
    grams = [(gram_matrix(one[layer]), gram_matrix(other[layer])) for layer in spec.style_layers]
    return float(content), float(np.mean([style_loss(G, A) for G, A in grams]))


def test_the_losses_of_all_smoothed_backbones_are_of_one_size() -> None:
    found = np.array([losses(name) for name, spec in BACKBONES.items() if spec.smoothing == "softmax"])
    assert len(found) == 3
    assert (found.max(0) < 10 * found.min(0)).all()


def test_smoothing_raises_the_entropy_of_every_style_layer_of_resnet50() -> None:
    config = TransferConfig(backbone="resnet50", weights="random", formulation="mean")
    whole, layers = keras_network("resnet50"), config.spec.style_layers
    load_weights(whole, find_weights(config), config)
    network = keras.Model(whole.inputs[0], {layer: whole.get_layer(layer).output for layer in layers})
    natural, other = (
        network(preprocess(tf.constant(natural_pixels(seed)), "caffe"), training=False) for seed in (0, 1)
    )
    for layer in layers:
        S = smooth(other[layer], fit_scale(natural[layer], 8))
        assert entropy(gram_matrix(S).numpy()) > entropy(gram_matrix(other[layer]).numpy()) + 0.01
