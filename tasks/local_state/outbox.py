"""Pictures that were made but could not be written: kept on this machine until a later run writes them.

So an output that fails costs no stylization. A picture lies under its fingerprint, with the sidecar that it would have
had.
"""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from nst_engine.errors import NightbrushError
from tasks.local_state import state_folder
from tasks.records.sidecar import Sidecar, read_sidecar, write_sidecar
from tasks.storage import StorageError
from tasks.storage.local import LocalStorage


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A picture that waits to be written.

    Attributes:
        data: its file's bytes.
        sidecar: as it was when the picture was made.
    """

    data: bytes
    sidecar: Sidecar


def keep(fingerprint: str, made: Kept) -> None:
    """Keep a picture, whole or not at all; it replaces one of the same fingerprint.

    Raises:
        StorageError: this machine cannot hold it either.
    """
    outbox = _outbox()
    try:
        outbox.write(_picture(fingerprint), made.data)
        write_sidecar(outbox, _sidecar(fingerprint), made.sidecar)
    except StorageError:
        if kept(fingerprint) is None:
            forget(fingerprint)
        raise


def kept(fingerprint: str) -> Kept | None:
    """The picture of that fingerprint, or None where none is kept, whole and readable: it is made again then."""
    outbox = _outbox()
    try:
        sidecar = read_sidecar(outbox, _sidecar(fingerprint))
        data = outbox.read(_picture(fingerprint))
    except NightbrushError:
        return None
    if sidecar is None or sha256(data).hexdigest() != sidecar.row.output_sha256:
        return None
    return Kept(data=data, sidecar=sidecar)


def forget(fingerprint: str) -> None:
    """Keep the picture of that fingerprint no longer, if it is kept.

    Where nothing can be deleted it stays, and does no harm: the output's own sidecar says that it is there.
    """
    for key in (_sidecar(fingerprint), _picture(fingerprint)):
        with suppress(OSError):
            (_outbox().root / key).unlink()


def _outbox() -> LocalStorage:
    return LocalStorage(state_folder() / "outbox")


def _picture(fingerprint: str) -> str:
    return f"{fingerprint}.picture"


def _sidecar(fingerprint: str) -> str:
    return f"{fingerprint}.json"
