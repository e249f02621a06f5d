"""The engines of this process: loaded once per network and device; a batch uses each with its device's slot held."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from nst_engine.config import TransferConfig
from tasks.making.locks import slot

if TYPE_CHECKING:
    from nst_engine import StyleTransfer

_ENGINES_KEPT = 2
"""On each device; a batch goes backbone by backbone, so that more would only hold memory."""


def devices(name: str | None) -> tuple[str, ...]:
    """The devices, such as `GPU:0`, on any of which work for the device of that name can be done.

    Args:
        name: `cpu`, `gpu`, `gpu:1`; None is any GPU, or the CPU where there is none.

    Raises:
        ConfigError: this machine has no such device.
    """
    from nst_engine import working_devices  # loads TensorFlow: only now is it certain to be needed

    return working_devices(name)


def free_device(name: str | None) -> AbstractContextManager[str]:
    """The slot of a device of that name, held for as long as the block lasts; waits until one is free.

    Raises:
        ConfigError: this machine has no such device.
        StorageError: no slot can be had.
    """
    return slot(devices(name))


def engine(config: TransferConfig, device: str | None) -> "StyleTransfer":
    """An engine of that configuration on a device; in a batch, on one whose slot is held.

    It shares with others what they compute alike: a batch whose pairs have configurations of their own loads no network
    twice.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the backbone's weights are absent, damaged or do not fit.
    """
    return _engines(device)(config.computation).with_config(config)


@cache
def _engines(device: str | None) -> Callable[[TransferConfig], "StyleTransfer"]:
    from nst_engine import StyleTransfer

    return lru_cache(_ENGINES_KEPT)(lambda computation: StyleTransfer(computation, device))
