"""One holder at a time for each device and each picture, among all threads, flows and processes of this machine.

A slot is a locked file. The system unlocks it when its holder ends in any way, so that no slot is ever lost. Not all
file systems have locks: without them a slot holds among the threads of its process alone, and `require_slots` says so.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from io import BufferedWriter
from pathlib import Path
from threading import Lock
from time import sleep

from tasks.interruption import raise_if_interrupted
from tasks.local_state import HOME, state_folder
from tasks.storage import StorageError
from tasks.storage.file_lock import can_lock, try_lock

_PAUSE = 0.05
"""Seconds between two tries while all devices are busy."""

_REMEDY = f"set {HOME} to a folder of this machine's own that can be written"

_held: set[str] = set()
"""The files that threads of this process hold, by their paths."""

_changing = Lock()
"""Held while `_held` changes."""


class _Place:
    """An open file that one holder at a time has: a thread of this process, and a process where files can be locked."""

    def __init__(self, file: BufferedWriter) -> None:
        self.file = file
        self._is_held = False

    def take(self) -> bool:
        """Hold the file unless someone else does; returns whether it is held now."""
        with _changing:
            if self.file.name not in _held and _lock_if_possible(self.file):
                _held.add(self.file.name)
                self._is_held = True
        return self._is_held

    def leave(self) -> None:
        """Close the file, and let others hold it."""
        with _changing:
            self.file.close()
            if self._is_held:
                _held.remove(self.file.name)


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
        places = {device: files.enter_context(_place(f"{name}.lock")) for device, name in names.items()}
        with _place(f"{'-'.join(names.values())}.next") as turn:
            _first_free({"": turn})
            device = _first_free(places)
        yield device


@contextmanager
def alone(picture: str) -> Iterator[None]:
    """Hold a picture, named by its URI, for the block: no one else on this machine works on it; waits until it is free.

    Raises:
        InterruptedPairError, StorageError: as for `slot`.
    """
    name = sha256(picture.encode()).hexdigest()
    while True:
        with _place(f"{name}.lock") as place:
            _first_free({name: place})
            file = place.file
            if os.fstat(file.fileno()).st_nlink:  # else the last holder has deleted it, and another may hold a new one
                try:
                    yield
                finally:
                    Path(file.name).unlink(missing_ok=True)
                return


def require_slots() -> tuple[str, ...]:
    """Check that this machine can hold slots.

    Returns:
        A line if files cannot be locked, so that other processes do not know of a slot.

    Raises:
        StorageError: a lock file cannot be made.
    """
    with _opened("cpu-0.lock") as file:
        if can_lock(file):
            return ()
    effect = "runs at the same time share devices and make pictures twice, and their history is not kept"
    return (f"files in {str(state_folder())!r} cannot be locked: {effect}; {_REMEDY}",)


def _first_free(places: Mapping[str, _Place]) -> str:
    """Hold the first of the places that no one else holds; returns its name."""
    while True:
        for name, place in places.items():
            if place.take():
                return name
        raise_if_interrupted()
        sleep(_PAUSE)


def _lock_if_possible(file: BufferedWriter) -> bool:
    """Lock a file unless another process holds it; returns whether no other does, as far as that can be known."""
    try:
        return try_lock(file)
    except OSError:  # its file system has no locks
        return True


@contextmanager
def _place(name: str) -> Iterator[_Place]:
    place = _Place(_opened(name))
    try:
        yield place
    finally:
        place.leave()


def _opened(name: str) -> BufferedWriter:
    file = state_folder() / "slots" / name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab")
    except OSError as error:
        raise StorageError(f"lock {str(file)!r} cannot be had: {error.strerror}; {_REMEDY}") from error


def _physical(device: str) -> str:
    """A name of the device that is the same in all processes; each process numbers the GPUs that it sees from 0."""
    kind, _, index = device.lower().partition(":")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if kind == "gpu" and visible:
        index = visible.split(",")[int(index)].strip()
    return f"{kind}-{index}"
