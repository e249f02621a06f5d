"""The engines of this process: loaded once per configuration, one transfer at a time per device."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from nst_engine.config import TransferConfig

if TYPE_CHECKING:
    from nst_engine import StyleTransfer

_ENGINES_KEPT = 2
"""A batch goes backbone by backbone, so that more would only hold memory."""


@contextmanager
def engine(config: TransferConfig, device: str | None) -> Iterator["StyleTransfer"]:
    """The engine of that configuration, the device its own until the context ends.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the backbone's weights are absent, damaged or do not fit.
    """
    with _lock(device):
        yield _engine(config, device)


@cache
def _lock(_device: str | None) -> Lock:
    return Lock()


@lru_cache(maxsize=_ENGINES_KEPT)
def _engine(config: TransferConfig, device: str | None) -> "StyleTransfer":
    from nst_engine import StyleTransfer  # loads TensorFlow: only now is it certain to be needed

    return StyleTransfer(config, device)
