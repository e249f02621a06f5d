"""Keras's files of what packages hold: of the right arrays, whole or not at all."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from nst_engine import TransferConfig, WeightsError
from nst_engine.backbones import conversion, packages
from nst_engine.backbones.conversion import convert, refit
from nst_engine.backbones.loading import load_weights
from nst_engine.backbones.preprocessing import preprocess
from nst_engine.backbones.weights import WeightsSource, hash_arrays
from nst_engine.registry.backbones import Preprocessing
from nst_engine.registry.weights import Package, TrainedWeights
from tests.nst_engine.engines import keras_network
from tests.packaged import packaged

DRAWN = np.random.default_rng(0)
BACKBONE = "mobilenet_v2"  # the smallest, with several kinds of layers

# Keras 3.15 saves with an array protocol that NumPy 2.4 deprecates
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.mark.parametrize(("of", "to"), [("torch", "caffe"), ("caffe", "tf"), ("torch", "none"), ("caffe", "caffe")])
def test_a_refitted_network_gives_the_same_features_of_the_other_preprocessing(
    of: Preprocessing, to: Preprocessing
) -> None:
    drawn = {"block1_conv1/kernel": DRAWN.standard_normal((3, 3, 3, 5)), "block1_conv1/bias": DRAWN.standard_normal(5)}
    arrays = {name: values.astype(np.float32) for name, values in drawn.items()}
    pixels = tf.constant(DRAWN.uniform(0, 255, (1, 9, 8, 3)), tf.float32)

    def features(arrays: packages.Arrays, kind: Preprocessing) -> tf.Tensor:
        x, kernel = tf.cast(preprocess(pixels, kind), tf.float64), tf.cast(arrays["block1_conv1/kernel"], tf.float64)
        return tf.nn.conv2d(x, kernel, 1, "VALID") + tf.cast(arrays["block1_conv1/bias"], tf.float64)

    np.testing.assert_allclose(features(refit(arrays, of, to), to), features(arrays, of), atol=1e-3, rtol=1e-5)


def test_only_the_first_convolution_is_refitted() -> None:
    first = {"block1_conv1/kernel": np.ones((3, 3, 3, 2), np.float32), "block1_conv1/bias": np.zeros(2, np.float32)}
    later = {"block1_conv2/kernel": np.ones((3, 3, 2, 2), np.float32)}
    assert refit(first | later, "torch", "caffe")["block1_conv2/kernel"] is later["block1_conv2/kernel"]


# ---------------------------------------------------------------- the file


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of weights that is not there yet."""
    monkeypatch.setenv("NIGHTBRUSH_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def arrays(monkeypatch: pytest.MonkeyPatch) -> packages.Arrays:
    """The arrays that are found in any archive."""
    model = keras_network(BACKBONE)
    found = {
        f"{layer.name}/{weight.name}": DRAWN.standard_normal(weight.shape, dtype=np.float32)
        for layer in model.layers
        for weight in layer.weights
    }
    monkeypatch.setattr(conversion, "read_arrays", lambda _package, _archive: found)
    return found


def known_as(sha256: str) -> tuple[TrainedWeights, Package]:
    known, package = packaged(BACKBONE)
    return replace(known, sha256=sha256), package


def hash_of(arrays: packages.Arrays) -> str:
    """By the docstring of `hash_arrays`."""
    hashes = (
        hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode() + array.tobytes()).hexdigest()
        for array in arrays.values()
    )
    return hashlib.sha256(" ".join(sorted(hashes)).encode()).hexdigest()


def test_a_package_becomes_a_file_that_keras_loads(folder: Path, arrays: packages.Arrays) -> None:
    path = convert(*known_as(hash_of(arrays)), Path("archive"))
    assert [*folder.iterdir()] == [path]
    model, config = keras_network(BACKBONE), TransferConfig(backbone=BACKBONE, weights=str(path))
    model.set_weights([np.zeros(weight.shape) for weight in model.weights])
    load_weights(model, WeightsSource(path=path, sha256=hash_arrays(path)), config)
    for layer in model.layers:
        for weight in layer.weights:
            np.testing.assert_array_equal(weight, arrays[f"{layer.name}/{weight.name}"])


@pytest.mark.usefixtures("arrays")
def test_what_became_other_arrays_is_no_file_and_takes_the_place_of_none(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{BACKBONE}.weights.h5").write_bytes(b"as it was")
    with pytest.raises(WeightsError, match=f"{BACKBONE} packaged became arrays of the SHA-256 .*, not 0123; report it"):
        convert(*known_as("0123"), Path("archive"))
    assert [path.read_bytes() for path in folder.iterdir()] == [b"as it was"]


def test_a_folder_that_cannot_be_made_is_one_line(folder: Path, arrays: packages.Arrays) -> None:
    folder.touch()
    with pytest.raises(WeightsError, match=r"weights file '.*' cannot be written: "):
        convert(*known_as(hash_of(arrays)), Path("archive"))
