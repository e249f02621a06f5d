"""One holder at a time for each device and each picture, among all threads, flows and processes of this machine.

A slot is a locked file. The system unlocks it when its holder ends in any way, so that no slot is ever lost. A file
that cannot be locked is an error, since work without a slot would share its device.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from io import BufferedWriter
from pathlib import Path
from time import sleep

from tasks.interruption import raise_if_interrupted
from tasks.local_state import state_folder
from tasks.storage import StorageError
from tasks.storage.file_lock import try_lock

_PAUSE = 0.05
"""Seconds between two tries while all devices are busy."""


@contextmanager
def slot(devices: Sequence[str]) -> Iterator[str]:
    """Hold one of the devices, such as `GPU:0`, for as long as the block lasts; waits until one is free.

    The first to wait is the next holder, so that two batches on one device take turns.

    Raises:
        InterruptedPairError: the batch is interrupted.
        StorageError: the lock file cannot be made.
    """
    names = {device: _physical(device) for device in devices}
    with ExitStack() as files:
        opened = {device: files.enter_context(_opened(f"{name}.lock")) for device, name in names.items()}
        with _opened(f"{'-'.join(names.values())}.next") as place:
            _first_free({"": place})
            device = _first_free(opened)
        yield device


@contextmanager
def alone(picture: str) -> Iterator[None]:
    """Hold a picture, named by its URI, for the block: no one else on this machine works on it; waits until it is free.

    Raises:
        InterruptedPairError, StorageError: as for `slot`.
    """
    name = sha256(picture.encode()).hexdigest()
    while True:
        with _opened(f"{name}.lock") as file:
            _first_free({name: file})
            if os.fstat(file.fileno()).st_nlink:  # else the last holder has deleted it, and another may hold a new one
                try:
                    yield
                finally:
                    Path(file.name).unlink(missing_ok=True)
                return


def require_slots() -> None:
    """Check that this machine can hold slots.

    Raises:
        StorageError: a lock file cannot be made.
    """
    _opened("cpu-0.lock").close()


def _first_free(files: Mapping[str, BufferedWriter]) -> str:
    """Lock the first of the files that no one else holds; returns its name."""
    while True:
        for name, file in files.items():
            if try_lock(file):
                return name
        raise_if_interrupted()
        sleep(_PAUSE)


def _opened(name: str) -> BufferedWriter:
    file = state_folder() / "slots" / name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab")
    except OSError as error:
        remedy = "set NIGHTBRUSH_HOME to a folder that can be written"
        raise StorageError(f"lock {str(file)!r} cannot be had: {error.strerror}; {remedy}") from error


def _physical(device: str) -> str:
    """A name of the device that is the same in all processes; each process numbers the GPUs that it sees from 0."""
    kind, _, index = device.lower().partition(":")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if kind == "gpu" and visible:
        index = visible.split(",")[int(index)].strip()
    return f"{kind}-{index}"
