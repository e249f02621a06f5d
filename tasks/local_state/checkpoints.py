"""Transfers on their way, kept on this machine so that a pair that takes hours goes on after a power cut.

A checkpoint lies under its pair's fingerprint, so that it serves no other pair, configuration or engine.
"""

from contextlib import suppress
from time import time

from nst_engine import Checkpoint, NightbrushError
from tasks.local_state import state_folder
from tasks.storage.local import LocalStorage

DAYS = 14
"""How long a checkpoint that nothing goes on from is kept."""


def keep(fingerprint: str, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint; it replaces the last one of that fingerprint, and very old ones are dropped.

    Raises:
        StorageError: this machine cannot hold it.
    """
    _storage().write(_key(fingerprint), checkpoint.to_bytes())
    for path in _storage().root.iterdir():
        with suppress(OSError):  # another process was quicker
            if path.stat().st_mtime < time() - DAYS * 86_400:
                path.unlink()


def kept(fingerprint: str) -> Checkpoint | None:
    """The last checkpoint of that fingerprint, or None where none is kept, whole and readable."""
    try:
        return Checkpoint.from_bytes(_storage().read(_key(fingerprint)))
    except NightbrushError:
        return None


def forget(fingerprint: str) -> None:
    """Keep no checkpoint of that fingerprint any longer, if there is one and this machine lets it go."""
    with suppress(OSError):
        (_storage().root / _key(fingerprint)).unlink()


def _storage() -> LocalStorage:
    return LocalStorage(state_folder() / "checkpoints")


def _key(fingerprint: str) -> str:
    return f"{fingerprint}.npz"
