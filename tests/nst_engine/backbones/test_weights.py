import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import h5py
import keras
import numpy as np
import pytest

from nst_engine import TransferConfig, WeightsError
from nst_engine.backbones.weights import find_weights, hash_arrays, imagenet_path, packaged_path, state_of
from nst_engine.folders import weights_folder
from tests.nst_engine.small import small_config
from tests.packaged import needs_packaged, packaged

PACKAGED = TransferConfig(backbone="vgg16", weights="packaged")
IMAGENET = TransferConfig(backbone="vgg19", weights="imagenet")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def refusal(config: TransferConfig) -> str:
    """The text with which the weights are refused."""
    with pytest.raises(WeightsError) as caught:
        find_weights(config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------- packaged


def write_arrays(path: Path, *arrays: np.ndarray) -> Path:
    """A file of arrays by their numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for number, array in enumerate(arrays):
            file[f"layers/{number}/vars/0"] = array
    return path


@pytest.fixture
def own_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder of weights."""
    monkeypatch.setenv("NIGHTBRUSH_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_weights_lie_in_the_data_folder_unless_a_variable_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/homes/ann")
    for name, value in (("NIGHTBRUSH_WEIGHTS", "~/shared"), ("NIGHTBRUSH_HOME", "~/night")):
        monkeypatch.setenv(name, value)
    assert weights_folder() == Path("/homes/ann/shared")
    monkeypatch.setenv("NIGHTBRUSH_WEIGHTS", "")
    assert weights_folder() == Path("/homes/ann/night/weights")


@pytest.mark.parametrize(
    "backbone", [pytest.param(name, marks=needs_packaged(name)) for name in ("vgg16", "mobilenet_v2")]
)
def test_finds_packaged_weights_and_knows_them_by_their_arrays(backbone: str) -> None:
    source = find_weights(TransferConfig(backbone=backbone, weights="packaged"))
    assert source.path == packaged_path(backbone)
    assert source.sha256 == packaged(backbone)[0].sha256
    assert state_of(packaged(backbone)[0]) == "here"


def test_says_how_to_get_packaged_weights_that_are_absent(own_weights: Path) -> None:
    text = f"weights='packaged' of vgg16 are not at '{own_weights}/vgg16.weights.h5'; run: nightbrush weights get vgg16"
    assert refusal(PACKAGED) == text
    assert state_of(packaged("vgg16")[0]) == "absent"


def test_refuses_packaged_weights_of_other_arrays(own_weights: Path) -> None:
    path = write_arrays(own_weights / "vgg16.weights.h5", np.ones(3))
    text = refusal(PACKAGED)
    assert f"'{path}' have the SHA-256 {hash_arrays(path)}, not {packaged('vgg16')[0].sha256}; " in text
    assert text.endswith("run: nightbrush weights get vgg16")
    assert state_of(packaged("vgg16")[0]) == "damaged"


def test_packaged_weights_in_a_file_that_cannot_be_read_are_damaged(own_weights: Path) -> None:
    own_weights.mkdir()
    (own_weights / "vgg16.weights.h5").write_bytes(b"something else")
    assert "vgg16.weights.h5' cannot be read" in refusal(PACKAGED)
    assert state_of(packaged("vgg16")[0]) == "damaged"


def test_arrays_have_one_hash_whatever_their_names_and_order(tmp_path: Path) -> None:
    one, other = np.ones((2, 3), np.float32), np.zeros(2, np.float32)
    first, second = write_arrays(tmp_path / "a.h5", one, other), write_arrays(tmp_path / "b.h5", other, one)
    assert first.read_bytes() != second.read_bytes()
    assert hash_arrays(first) == hash_arrays(second)


@pytest.mark.parametrize(
    "changed", [np.full((2, 3), 1.5, np.float32), np.ones((3, 2), np.float32), np.ones((2, 3), np.float64)]
)
def test_a_number_a_shape_and_a_type_change_the_hash_of_arrays(tmp_path: Path, changed: np.ndarray) -> None:
    known = write_arrays(tmp_path / "a.h5", np.ones((2, 3), np.float32))
    assert hash_arrays(write_arrays(tmp_path / "b.h5", changed)) != hash_arrays(known)


# ---------------------------------------------------------------- random


def test_the_hash_of_random_weights_is_of_backbone_and_seed_alone() -> None:
    other_backbone = {"backbone": "vgg16", "side": 64, "content_layers": None, "style_layers": None}
    changes: list[dict[str, Any]] = [{}, {"seed": 1}, other_backbone]
    hashes = [find_weights(small_config(**change)).sha256 for change in changes]
    assert len(set(hashes)) == 3
    assert {len(value) for value in hashes} == {64}
    assert find_weights(small_config(side=20, optimizer="adam")).sha256 == hashes[0]


def test_random_weights_need_no_file() -> None:
    assert find_weights(small_config()).path is None


# ---------------------------------------------------------------- imagenet


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The path of the weights that Keras would download."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "models"


def test_keras_home_may_begin_with_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for named, folder in (("~/weights", tmp_path / "weights"), ("", tmp_path / ".keras")):
        monkeypatch.setenv("KERAS_HOME", named)
        assert imagenet_path("vgg19").parent == folder / "models"


def test_names_the_remedies_where_imagenet_weights_cannot_be_downloaded(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> NoReturn:
        raise Exception("URL fetch failure on https://weights.example\nand more")  # noqa: TRY002 - what Keras raises

    monkeypatch.setattr(keras.applications, "VGG19", fail)
    text = refusal(IMAGENET)
    assert str(empty_cache / "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5") in text
    assert "URL fetch failure on https://weights.example" in text
    assert (
        "run once with a network: nightbrush weights get vgg19; or copy the file there, or use weights=random" in text
    )


def test_takes_imagenet_weights_from_the_cache_of_keras(empty_cache: Path) -> None:
    path = empty_cache / "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    source = find_weights(IMAGENET)
    assert source.path == path
    assert source.sha256 == sha256(b"weights")


@pytest.mark.parametrize(
    ("backbone", "module"),
    [
        ("vgg16", "vgg16"),
        ("vgg19", "vgg19"),
        ("resnet50", "resnet"),
        ("mobilenet_v2", "mobilenet_v2"),
        ("mobilenet_v3", "mobilenet_v3"),
    ],
)
def test_looks_for_imagenet_weights_under_the_name_that_keras_gives_them(
    backbone: str, module: str, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def get_file(name: str, *_: Any, **__: Any) -> NoReturn:
        asked.append(name)
        raise OSError("no network")

    files = import_module(f"keras.src.applications.{module}").file_utils
    monkeypatch.setattr(files, "get_file", get_file)
    assert "no network" in refusal(TransferConfig(backbone=backbone, weights="imagenet"))
    assert imagenet_path(backbone) == empty_cache / asked[0]


# ---------------------------------------------------------------- a file of the user's own


def test_a_file_that_changed_has_another_hash(tmp_path: Path) -> None:
    path = tmp_path / "tiny.weights.h5"
    for data in (b"first", b"a second version"):
        path.write_bytes(data)
        assert find_weights(small_config(weights=str(path))).sha256 == sha256(data)


@pytest.mark.parametrize("name", ["absent.h5", "folder.h5"])
def test_refuses_a_file_that_is_absent_or_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.h5").mkdir()
    assert f"weights file '{tmp_path / name}' cannot be read: " in refusal(small_config(weights=str(tmp_path / name)))
