"""Pictures that were made but could not be written: kept on this machine until a later run writes them.

So an output that fails costs no stylization. A picture lies under its fingerprint, with the sidecar that it would have
had.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from platformdirs import user_data_path

from tasks.manifest import ManifestError, Sidecar, read_sidecar, write_sidecar
from tasks.storage.local import LocalStorage

HOME = "NIGHTBRUSH_HOME"
"""Environment variable that names another folder for what is kept between runs."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A picture that waits to be written.

    Attributes:
        data: its file's bytes.
        sidecar: as it was when the picture was made.
    """

    data: bytes
    sidecar: Sidecar


def home() -> Path:
    """Folder of what is kept between runs on this machine."""
    return Path(os.environ.get(HOME) or user_data_path("nightbrush"))


def keep(fingerprint: str, kept: Kept) -> None:
    """Keep a picture; a kept one of the same fingerprint is replaced.

    Raises:
        StorageError: this machine cannot hold it either.
    """
    outbox = _outbox()
    outbox.write(_picture(fingerprint), kept.data)
    write_sidecar(outbox, _sidecar(fingerprint), kept.sidecar)


def kept(fingerprint: str) -> Kept | None:
    """The picture of that fingerprint, or None where none is kept, whole.

    Raises:
        StorageError: it cannot be read.
    """
    outbox = _outbox()
    try:
        sidecar = read_sidecar(outbox, _sidecar(fingerprint))
    except ManifestError:
        return None
    if sidecar is None or outbox.head(_picture(fingerprint)) is None:
        return None
    data = outbox.read(_picture(fingerprint))
    return Kept(data=data, sidecar=sidecar) if sha256(data).hexdigest() == sidecar.row.output_sha256 else None


def forget(fingerprint: str) -> None:
    """Keep the picture of that fingerprint no longer, if it is kept."""
    for key in (_sidecar(fingerprint), _picture(fingerprint)):
        (_outbox().root / key).unlink(missing_ok=True)


def _outbox() -> LocalStorage:
    return LocalStorage(home() / "outbox")


def _picture(fingerprint: str) -> str:
    return f"{fingerprint}.picture"


def _sidecar(fingerprint: str) -> str:
    return f"{fingerprint}.json"
