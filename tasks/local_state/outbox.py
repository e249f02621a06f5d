"""Pictures that were made but could not be written: kept on this machine until a later run writes them.

So no transfer is lost if an output cannot be written. A picture is stored under its fingerprint, with its sidecar.
"""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from nst_engine.errors import NightbrushError
from tasks.local_state import state_folder
from tasks.records.sidecar import Sidecar, read_sidecar, write_sidecar
from tasks.storage import StorageError
from tasks.storage.local import LocalStorage


@dataclass(frozen=True, kw_only=True)
class UnwrittenPicture:
    """A picture that waits to be written.

    Attributes:
        data: the bytes of the picture file.
        sidecar: the sidecar from when the picture was made.
    """

    data: bytes
    sidecar: Sidecar


def folder() -> Path:
    """The folder of the pictures that wait."""
    return state_folder() / "outbox"


def count() -> int:
    """How many pictures wait."""
    return len(list(folder().glob(_picture("*"))))


def save(fingerprint: str, unwritten: UnwrittenPicture) -> Path:
    """Save a picture, whole or not at all, in place of an earlier one of the same fingerprint; returns its path.

    Raises:
        StorageError: it cannot be written here either.
    """
    outbox = _outbox()
    try:
        outbox.write(_picture(fingerprint), unwritten.data)
        write_sidecar(outbox, _sidecar(fingerprint), unwritten.sidecar)
    except StorageError:
        if load(fingerprint) is None:
            delete(fingerprint)
        raise
    return outbox.root / _picture(fingerprint)


def load(fingerprint: str) -> UnwrittenPicture | None:
    """The picture of that fingerprint, or None if there is none that is whole and readable."""
    outbox = _outbox()
    try:
        sidecar = read_sidecar(outbox, _sidecar(fingerprint))
        data = outbox.read(_picture(fingerprint))
    except NightbrushError:
        return None
    if sidecar is None or sha256(data).hexdigest() != sidecar.row.output_sha256:
        return None
    return UnwrittenPicture(data=data, sidecar=sidecar)


def delete(fingerprint: str) -> None:
    """Delete the picture of that fingerprint, if there is one.

    A picture that cannot be deleted does no harm: the sidecar in the output says that the pair is finished.
    """
    for key in (_sidecar(fingerprint), _picture(fingerprint)):
        with suppress(OSError):
            (_outbox().root / key).unlink()


def _outbox() -> LocalStorage:
    return LocalStorage(folder())


def _picture(fingerprint: str) -> str:
    return f"{fingerprint}.picture"


def _sidecar(fingerprint: str) -> str:
    return f"{fingerprint}.json"
