import hashlib
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from shutil import copyfile

import h5py
import keras
import numpy as np
import pytest

from nst_engine import LossTerms, StyleTransfer, TransferConfig, WeightsError
from nst_engine.backbones.builders import mobilenet_v2, mobilenet_v3, tiny
from nst_engine.backbones.loading import load_weights
from nst_engine.backbones.weights import find_weights, packaged_path
from tests.nst_engine.engines import keras_network
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels
from tests.packaged import needs_packaged
from tests.reference.network import CHANNELS, he_normal_kernels

FILES = pytest.mark.parametrize("name", ["network.weights.h5", "network.h5"])

# Keras 3.15 saves with an array protocol that NumPy 2.4 deprecates
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def refusal(config: TransferConfig) -> str:
    """The text with which an engine refuses its weights."""
    with pytest.raises(WeightsError) as caught:
        StyleTransfer(config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def losses(config: TransferConfig) -> LossTerms:
    """The same for the same weights alone."""
    return StyleTransfer(config).evaluate(noise_pixels(), content_pixels(), style_pixels())


def network(*channels: int) -> keras.Model:
    """Convolutions with these numbers of channels, one after the other."""
    inputs = x = keras.Input((None, None, 3))
    for count in channels:
        x = keras.layers.Conv2D(count, 3)(x)
    return keras.Model(inputs, x)


def save_weights(model: keras.Model, path: Path) -> None:
    """As Keras 3 does it, or in the older format that its downloads have."""
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
        return
    with h5py.File(path, "w") as file:
        import_module("keras.src.legacy.saving.legacy_h5_format").save_weights_to_hdf5_group(file, model)


# ---------------------------------------------------------------- packaged and random


@pytest.mark.parametrize(
    "backbone", [pytest.param(name, marks=needs_packaged(name)) for name in ("vgg16", "mobilenet_v2")]
)
def test_packaged_weights_are_a_file_that_may_be_named_too(backbone: str, tmp_path: Path) -> None:
    path = tmp_path / "copy.weights.h5"
    copyfile(packaged_path(backbone), path)
    found = []
    for weights in ("random", "packaged", str(path)):
        config = TransferConfig(backbone=backbone, weights=weights)
        load_weights(model := keras_network(backbone), find_weights(config), config)
        found.append(model.get_weights())
    for one, other in zip(*found[1:], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("seed", [0, 11])
def test_random_weights_are_he_normal_by_the_documented_recipe(seed: int) -> None:
    model, config = tiny(), small_config(seed=seed)
    load_weights(model, find_weights(config), config)
    for name, expected in he_normal_kernels(seed).items():
        kernel, bias = model.get_layer(name).get_weights()
        np.testing.assert_allclose(kernel, expected, rtol=1e-6)
        assert not bias.any()


@pytest.mark.parametrize("build", [mobilenet_v2, mobilenet_v3])
def test_random_kernels_of_a_mobilenet_have_the_deviation_of_their_fan_in(build: Callable[[], keras.Model]) -> None:
    model, config = build(), small_config()
    load_weights(model, find_weights(config), config)
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D):
            kernel = layer.get_weights()[0]
            height, width, inward, outward = kernel.shape
            fan_in = height * width * (1 if isinstance(layer, keras.layers.DepthwiseConv2D) else inward)
            tolerance = 5 / np.sqrt(2 * height * width * inward * outward)
            assert kernel.std() == pytest.approx(np.sqrt(2 / fan_in), rel=tolerance)


def test_random_normalization_is_the_identity() -> None:
    model, config = mobilenet_v3(), small_config()
    load_weights(model, find_weights(config), config)
    assert [values.mean() for values in model.get_layer("conv_bn").get_weights()] == [1, 0, 0, 1]


def test_random_weights_are_the_same_for_a_seed_and_others_for_another() -> None:
    assert losses(small_config(seed=0)) == losses(small_config(seed=0))
    assert losses(small_config(seed=0)).style != losses(small_config(seed=1)).style


# ---------------------------------------------------------------- a file of the user's own


@FILES
def test_weights_saved_by_keras_give_the_losses_of_the_network_they_came_from(tmp_path: Path, name: str) -> None:
    path, model, config = tmp_path / name, tiny(), small_config(seed=5)
    load_weights(model, find_weights(config), config)
    save_weights(model, path)
    from_file = config.replace(weights=str(path), seed=0)
    assert losses(from_file) == losses(config)
    assert StyleTransfer(from_file).weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@FILES
def test_biases_of_a_file_are_loaded_too(tmp_path: Path, name: str) -> None:
    path, model, config = tmp_path / name, tiny(), small_config()
    load_weights(model, find_weights(config), config)
    before = losses(config)
    model.get_layer("block1_conv1").bias.assign(np.full(8, 50, np.float32))
    save_weights(model, path)
    assert losses(config.replace(weights=str(path))).style > before.style


@FILES
@pytest.mark.parametrize("kept", [0, 40, 2000])
def test_refuses_a_file_cut_short(tmp_path: Path, name: str, kept: int) -> None:
    path = tmp_path / name
    save_weights(tiny(), path)
    path.write_bytes(path.read_bytes()[:kept])
    assert f"weights file '{path}' does not fit tiny: " in refusal(small_config(weights=str(path)))


@FILES
@pytest.mark.parametrize("channels", [(8, 16), (8, 16, 33)], ids=str)
def test_refuses_the_file_of_another_network(tmp_path: Path, name: str, channels: tuple[int, ...]) -> None:
    path = tmp_path / name
    save_weights(network(*channels), path)
    assert f"weights file '{path}' does not fit tiny: " in refusal(small_config(weights=str(path)))


def test_refuses_a_file_of_hdf5_that_holds_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(10)
    assert "does not fit tiny" in refusal(small_config(weights=str(path)))


def test_the_tiny_network_has_the_shapes_of_its_docstring() -> None:
    kernels = [layer.get_weights()[0].shape for layer in tiny().layers if layer.get_weights()]
    assert kernels == [(3, 3, inward, outward) for inward, outward in pairwise((3, *CHANNELS.values()))]
