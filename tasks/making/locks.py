"""One holder at a time for each device and each picture, among all threads, flows and processes of this machine.

A slot is a locked file. The system unlocks it when its holder ends in any way, so that no slot is ever lost. A file
that cannot be locked is an error, since work without a slot would share its device. Not all file systems have locks.
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
        StorageError: the lock file cannot be made or locked.
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
        StorageError: a lock file cannot be made or locked.
    """
    with _opened("cpu-0.lock") as file:
        _is_free(file)


def _first_free(files: Mapping[str, BufferedWriter]) -> str:
    """Lock the first of the files that no one else holds; returns its name."""
    while True:
        for name, file in files.items():
            if _is_free(file):
                return name
        raise_if_interrupted()
        sleep(_PAUSE)


def _is_free(file: BufferedWriter) -> bool:
    """Lock a file unless someone else holds it; returns whether it is locked now."""
    with _reported(file.name):
        return try_lock(file)


def _opened(name: str) -> BufferedWriter:
    file = state_folder() / "slots" / name
    with _reported(str(file)):
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab")


@contextmanager
def _reported(file: str) -> Iterator[None]:
    """Turn the system's errors into `StorageError`, with the reason."""
    try:
        yield
    except OSError as error:
        remedy = "set NIGHTBRUSH_HOME to a folder of this machine's own that can be written"
        raise StorageError(f"lock {file!r} cannot be had: {error.strerror}; {remedy}") from error


def _physical(device: str) -> str:
    """A name of the device that is the same in all processes; each process numbers the GPUs that it sees from 0."""
    kind, _, index = device.lower().partition(":")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if kind == "gpu" and visible:
        index = visible.split(",")[int(index)].strip()
    return f"{kind}-{index}"
