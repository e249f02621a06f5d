"""Find a backbone's weights and their hash. Loads no TensorFlow."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Literal

import h5py

from nst_engine.config import TransferConfig
from nst_engine.errors import WeightsError, listed
from nst_engine.folders import weights_folder
from nst_engine.hardware.quiet_import import import_quietly
from nst_engine.registry.backbones import backbone_spec
from nst_engine.registry.weights import TRAINED, TrainedWeights

State = Literal["here", "damaged", "absent"]


@dataclass(frozen=True, kw_only=True)
class WeightsSource:
    """A source of weights.

    Attributes:
        path: the file of the weights; None for random weights, which come from a seed.
        sha256: hash of the file, of the arrays in it (`packaged`), or of the recipe of random weights.
    """

    path: Path | None
    sha256: str


def find_weights(config: TransferConfig) -> WeightsSource:
    """Find the weights that a configuration names; ImageNet weights are downloaded if absent.

    Raises:
        WeightsError: the file is absent, or has another hash than expected.
    """
    match config.weights:
        case "random":
            recipe = f"He normal, NumPy PCG64, backbone {config.backbone}, seed {config.seed}"
            return WeightsSource(path=None, sha256=hashlib.sha256(recipe.encode()).hexdigest())
        case "packaged":
            return _find_packaged(config.backbone)
        case "imagenet":
            return _find_imagenet(config.backbone)
        case _:
            return _read_source(Path(config.weights))


def imagenet_path(backbone: str) -> Path:
    """The path at which Keras stores the ImageNet weights of that backbone."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return home / "models" / TRAINED[backbone, "imagenet"].file


def packaged_path(backbone: str) -> Path:
    """The path at which `nightbrush weights get` lays the packaged weights of that backbone."""
    return weights_folder() / TRAINED[backbone, "packaged"].file


def trained_path(known: TrainedWeights) -> Path:
    """The path of the file of known weights, whether it is there or not."""
    return packaged_path(known.backbone) if known.kind == "packaged" else imagenet_path(known.backbone)


def state_of(known: TrainedWeights) -> State:
    """Whether known weights are on this machine; downloads nothing. Keras's downloads are taken as they are."""
    if not trained_path(known).is_file():
        return "absent"
    try:
        find_weights(TransferConfig(backbone=known.backbone, weights=known.kind))
    except WeightsError:
        return "damaged"
    return "here"


def hash_arrays(path: Path) -> str:
    """The SHA-256 of the arrays in a Keras file: of their own hashes, sorted.

    It tells weights apart, whatever the day, the version of HDF5 and the names that a version of Keras gives layers.

    Raises:
        OSError: the file cannot be read.
    """
    hashes: list[str] = []

    def add(_: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            values = item[()]
            hashes.append(hashlib.sha256(f"{values.dtype.str} {values.shape} ".encode() + values.tobytes()).hexdigest())

    with h5py.File(path) as file:
        file.visititems(add)
    return hashlib.sha256(" ".join(sorted(hashes)).encode()).hexdigest()


def _find_packaged(backbone: str) -> WeightsSource:
    path, remedy = packaged_path(backbone), f"run: nightbrush weights get {backbone}"
    if not path.is_file():
        raise WeightsError(f"weights='packaged' of {backbone} are not at {str(path)!r}; {remedy}")
    source = _read_source(path, hash_arrays)
    if source.sha256 != (expected := TRAINED[backbone, "packaged"].sha256):
        raise WeightsError(
            f"weights='packaged': the arrays in {str(path)!r} have the SHA-256 {source.sha256}, not {expected}; "
            f"{remedy}"
        )
    return source


def _find_imagenet(backbone: str) -> WeightsSource:
    path = imagenet_path(backbone)
    if not path.exists():
        _download_imagenet(backbone, path)
    return _read_source(path)


def _download_imagenet(backbone: str, path: Path) -> None:
    """Let Keras download the file and verify its hash."""
    spec = backbone_spec(backbone)
    import_quietly(spec.builder.partition(":")[0])
    try:
        resolve_name(spec.builder)(weights="imagenet")
    except Exception as error:  # Keras raises a bare Exception for a failed download
        raise WeightsError(
            f"weights='imagenet' of {backbone} are not at {str(path)!r} and cannot be downloaded "
            f"({str(error).splitlines()[0]}); run once with a network: nightbrush weights get {backbone}; "
            f"or copy the file there, or use "
            f"weights={listed(kind for kind in spec.weights if kind != 'imagenet')}"
        ) from error


def _hash_bytes(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_source(path: Path, hashed: Callable[[Path], str] = _hash_bytes) -> WeightsSource:
    try:
        status = path.stat()
        return WeightsSource(path=path, sha256=_sha256(path, hashed, status.st_size, status.st_mtime_ns))
    except OSError as error:
        raise WeightsError(f"weights file {str(path)!r} cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=16)
def _sha256(path: Path, hashed: Callable[[Path], str], _size: int, _modified_ns: int) -> str:
    return hashed(path)
