"""One holder at a time of each device, and of each picture, whatever the number of threads, flows and processes here.

A slot is a locked file. The system unlocks it when its holder ends, however that comes about, so that no slot is ever
lost; and where the file cannot be locked, that is an error, for work without a slot would share its device.
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
"""Seconds between two looks at devices that are all at work."""


@contextmanager
def slot(devices: Sequence[str]) -> Iterator[str]:
    """Hold one of the devices, such as `GPU:0`, for as long as the block lasts; waits until one is free.

    Who waits first is next, so that two batches on one device take turns.

    Raises:
        InterruptedPairError: what waits is to end.
        StorageError: the folder of what is kept on this machine takes no files.
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
    """Be the only one on this machine at work on a picture, by its address, as long as the block lasts; waits for that.

    Raises:
        InterruptedPairError, StorageError: as for `slot`.
    """
    name = sha256(picture.encode()).hexdigest()
    while True:
        with _opened(f"{name}.lock") as file:
            _first_free({name: file})
            if os.fstat(file.fileno()).st_nlink:  # or else who had it has removed it, and another may have a new one
                try:
                    yield
                finally:
                    Path(file.name).unlink(missing_ok=True)
                return


def require_slots() -> None:
    """See that slots can be had here.

    Raises:
        StorageError: they cannot.
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
    """A name for the device that holds for all processes: each numbers the GPUs that it sees from 0."""
    kind, _, index = device.lower().partition(":")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if kind == "gpu" and visible:
        index = visible.split(",")[int(index)].strip()
    return f"{kind}-{index}"
