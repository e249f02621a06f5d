"""Neural style transfer: pictures in, pictures out.

`images` reads and writes pictures, `registry` lists backbones, losses and optimizers, `config` is what a transfer
does. `backbones` are the networks, `losses` the formulas, `optimizers` move the pixels. `evaluation` takes a picture
to its losses and their gradient, `transfer` takes a pair through all levels, `painting` learns a style and then takes
one pass, `judging` scores results. `hardware` knows devices, precision and graphs.

The names below are the public interface. TensorFlow is loaded when `StyleTransfer`, `Painter`, `Judge` or
`working_devices` is asked for. Never imports Prefect, boto3, pydantic, `tasks` or `flows`. Start reading at
`transfer.engine.StyleTransfer`.
"""

import os
from typing import TYPE_CHECKING, Any

from nst_engine.config import TransferConfig
from nst_engine.errors import (
    CheckpointError,
    ConfigError,
    ImageError,
    NightbrushError,
    PainterError,
    TransferError,
    WeightsError,
)
from nst_engine.hardware.quiet_import import import_quietly
from nst_engine.judging.measures import Measures, measure
from nst_engine.judging.referee import Distances, Referee
from nst_engine.transfer.checkpoint import Checkpoint
from nst_engine.transfer.pair import Pair
from nst_engine.transfer.result import LossTerms, Record, Status, TransferResult
from nst_engine.version import __version__

if TYPE_CHECKING:
    from nst_engine.hardware.devices import working_devices
    from nst_engine.judging.judge import Judge
    from nst_engine.painting.painter import Painter
    from nst_engine.transfer.engine import StyleTransfer

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "ConfigError",
    "Distances",
    "ImageError",
    "Judge",
    "LossTerms",
    "Measures",
    "NightbrushError",
    "Painter",
    "PainterError",
    "Pair",
    "Record",
    "Referee",
    "Status",
    "StyleTransfer",
    "TransferConfig",
    "TransferError",
    "TransferResult",
    "WeightsError",
    "__version__",
    "measure",
    "working_devices",
]

os.environ["KERAS_BACKEND"] = "tensorflow"  # other projects may name another; Keras asks once, when it is loaded

_HEAVY = {
    "Judge": "nst_engine.judging.judge",
    "Painter": "nst_engine.painting.painter",
    "StyleTransfer": "nst_engine.transfer.engine",
    "working_devices": "nst_engine.hardware.devices",
}
"""Modules that load TensorFlow, by the public name that they define."""


def __getattr__(name: str) -> Any:
    if name in _HEAVY:
        return getattr(import_quietly(_HEAVY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
