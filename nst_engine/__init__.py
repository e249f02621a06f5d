"""Neural style transfer: pictures in, pictures out.

The names below are the public interface. TensorFlow is loaded when `StyleTransfer` is first asked for.
"""

from typing import TYPE_CHECKING, Any

from nst_engine.checkpoint import Checkpoint
from nst_engine.config import TransferConfig
from nst_engine.errors import CheckpointError, ConfigError, ImageError, NightbrushError, TransferError, WeightsError
from nst_engine.quiet import import_quietly
from nst_engine.result import LossTerms, Record, Status, TransferResult

if TYPE_CHECKING:
    from nst_engine.transfer import StyleTransfer

__version__ = "0.1.0"
__all__ = [
    "Checkpoint",
    "CheckpointError",
    "ConfigError",
    "ImageError",
    "LossTerms",
    "NightbrushError",
    "Record",
    "Status",
    "StyleTransfer",
    "TransferConfig",
    "TransferError",
    "TransferResult",
    "WeightsError",
]


def __getattr__(name: str) -> Any:
    if name == "StyleTransfer":
        return import_quietly("nst_engine.transfer").StyleTransfer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
