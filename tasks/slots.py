"""Slots: one holder at a time of each device, whatever the number of threads, flows and processes of this machine.

A slot is a locked file. The system unlocks it when its holder ends, however that comes about, so that no slot is ever
lost; and where the file cannot be locked, that is an error, for work without a slot would share its device.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from io import BufferedWriter
from itertools import cycle
from time import sleep

from tasks.home import home
from tasks.storage import StorageError

_PAUSE = 0.05
"""Seconds between two looks at several devices that are all at work."""


@contextmanager
def slot(devices: Sequence[str]) -> Iterator[str]:
    """Hold one of the devices, such as `GPU:0`, for as long as the block lasts; waits until one is free.

    Raises:
        StorageError: the folder of what is kept on this machine takes no files.
    """
    with ExitStack() as files:
        opened = [(device, files.enter_context(_opened(device))) for device in devices]
        yield _first_free(opened)


def require_slots() -> None:
    """See that slots can be had here.

    Raises:
        StorageError: they cannot.
    """
    _opened("CPU:0").close()


def _first_free(files: Sequence[tuple[str, BufferedWriter]]) -> str:
    """Lock the first of the files that no one else holds."""
    if len(files) == 1:
        [(device, file)] = files
        flock(file, LOCK_EX)
        return device
    for turn, (device, file) in enumerate(cycle(files), start=1):
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            if turn % len(files) == 0:
                sleep(_PAUSE)
        else:
            return device
    raise AssertionError("there is no device")


def _opened(device: str) -> BufferedWriter:
    file = home() / "slots" / f"{_physical(device)}.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab")
    except OSError as error:
        remedy = "set NIGHTBRUSH_HOME to a folder that can be written"
        raise StorageError(f"slot {str(file)!r} of a device cannot be had: {error.strerror}; {remedy}") from error


def _physical(device: str) -> str:
    """A name for the device that holds for all processes: each numbers the GPUs that it sees from 0."""
    kind, _, index = device.lower().partition(":")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if kind == "gpu" and visible:
        index = visible.split(",")[int(index)].strip()
    return f"{kind}-{index}"
