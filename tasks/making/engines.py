"""The engines of this process, loaded once per network and device; a batch holds a device's slot to use one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from nst_engine.config import TransferConfig
from tasks.making.locks import slot

if TYPE_CHECKING:
    from nst_engine import StyleTransfer

_ENGINES_KEPT = 2
"""Engines that are kept for each device; a batch goes backbone by backbone, so more would only hold memory."""


def devices(name: str | None) -> tuple[str, ...]:
    """The devices that `name` allows, such as `GPU:0`.

    Args:
        name: `cpu`, `gpu`, `gpu:1`; None is any GPU, or the CPU if there is no GPU.

    Raises:
        ConfigError: this machine has no such device.
    """
    from nst_engine import working_devices  # loads TensorFlow, so only when it is needed

    return working_devices(name)


def free_device(name: str | None) -> AbstractContextManager[str]:
    """Wait for a device that `name` allows, and hold its slot for the block.

    Raises:
        ConfigError: this machine has no such device.
        StorageError: the lock file of a slot cannot be made.
    """
    return slot(devices(name))


def engine(config: TransferConfig, device: str | None) -> "StyleTransfer":
    """An engine of that configuration on a device; a batch must hold the device's slot.

    Engines that differ only in fields that do not change the computation share their network and graphs, so that pairs
    with configurations of their own load no network twice.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the backbone's weights are absent, damaged or do not fit.
    """
    return _engines(device)(config.computation).with_config(config)


@cache
def _engines(device: str | None) -> Callable[[TransferConfig], "StyleTransfer"]:
    from nst_engine import StyleTransfer

    return lru_cache(_ENGINES_KEPT)(lambda computation: StyleTransfer(computation, device))
