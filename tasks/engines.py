"""The engines of this process: loaded once per configuration, one transfer at a time per device."""

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from nst_engine.config import TransferConfig

if TYPE_CHECKING:
    from nst_engine import StyleTransfer

_ENGINES_KEPT = 2
"""A batch goes backbone by backbone, so that more would only hold memory."""


_LOCKS: dict[str | None, Lock] = {}


def lock(device: str | None) -> Lock:
    """The lock that whoever works on that device holds."""
    return _LOCKS.setdefault(device, Lock())


@lru_cache(maxsize=_ENGINES_KEPT)
def engine(config: TransferConfig, device: str | None) -> "StyleTransfer":
    """The engine of that configuration; ask for it, and use it, with the device's lock held.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the backbone's weights are absent, damaged or do not fit.
    """
    from nst_engine import StyleTransfer  # loads TensorFlow: only now is it certain to be needed

    return StyleTransfer(config, device)
