"""Checkpoints of unfinished transfers, kept on this machine: a pair that takes hours goes on after a power cut.

A checkpoint is stored under its pair's fingerprint, so that no other pair, configuration or recipe uses it.
"""

from contextlib import suppress
from time import time

from nst_engine import Checkpoint, NightbrushError
from tasks.local_state import state_folder
from tasks.storage.local import LocalStorage

DAYS = 14
"""Days after which an unused checkpoint is deleted."""


def save(fingerprint: str, checkpoint: Checkpoint) -> None:
    """Save a checkpoint in place of the last one of that fingerprint, and delete those older than `DAYS`.

    Raises:
        StorageError: it cannot be written.
    """
    save_bytes(fingerprint, checkpoint.to_bytes())


def save_bytes(fingerprint: str, data: bytes) -> None:
    """Save the state of a painter's learning as `save` does a checkpoint.

    Raises:
        StorageError: it cannot be written.
    """
    _storage().write(_key(fingerprint), data)
    for path in _storage().root.iterdir():
        with suppress(OSError):  # another process was quicker
            if path.stat().st_mtime < time() - DAYS * 86_400:
                path.unlink()


def load(fingerprint: str) -> Checkpoint | None:
    """The last checkpoint of that fingerprint, or None if there is none that can be read."""
    try:
        return Checkpoint.from_bytes(_storage().read(_key(fingerprint)))
    except NightbrushError:
        return None


def load_bytes(fingerprint: str) -> bytes | None:
    """What `save_bytes` saved last, or None."""
    try:
        return _storage().read(_key(fingerprint))
    except NightbrushError:
        return None


def delete(fingerprint: str) -> None:
    """Delete the checkpoint of that fingerprint, if there is one and the system permits it."""
    with suppress(OSError):
        (_storage().root / _key(fingerprint)).unlink()


def _storage() -> LocalStorage:
    return LocalStorage(state_folder() / "checkpoints")


def _key(fingerprint: str) -> str:
    return f"{fingerprint}.npz"
