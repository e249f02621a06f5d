"""What is finished already: a picture, and a sidecar that vouches for it."""

import hashlib
from dataclasses import replace

from nst_engine.transfer.result import Status
from tasks.planning.pairs import PairSpec
from tasks.records.row import ManifestRow
from tasks.records.sidecar import ManifestError, Sidecar, read_sidecar
from tasks.storage import Storage


def recorded(storage: Storage, pair: PairSpec) -> Sidecar | None:
    """The sidecar of `pair`; None where there is none, or one that is damaged and so vouches for nothing.

    Raises:
        StorageError: the output cannot be read.
    """
    try:
        return read_sidecar(storage, pair.sidecar_key)
    except ManifestError:
        return None


def finished(storage: Storage, pair: PairSpec, sidecar: Sidecar, fingerprint: str, file_format: str) -> bool:
    """Whether a sidecar bears this fingerprint and the picture beside it is the one it tells of.

    A picture whose bytes are others is made anew, such as that of a run that was stopped before it wrote its sidecar.

    Raises:
        StorageError: the output cannot be read.
    """
    if sidecar.row.fingerprint != fingerprint or sidecar.row.status not in (Status.COMPLETED, Status.CONVERGED):
        return False
    key = pair.picture_key(file_format)
    entry = storage.head(key)
    if entry is None:
        return False
    if entry.etag is not None and entry.etag == sidecar.etags.get("output"):
        return True
    return hashlib.sha256(storage.read(key)).hexdigest() == sidecar.row.output_sha256


def skipped_row(sidecar: Sidecar, row: ManifestRow) -> ManifestRow:
    """The row of a run that found its picture made: its own names, the figures of the run that made it."""
    return replace(renamed(sidecar.row, row), status=Status.SKIPPED.value)


def renamed(made: ManifestRow, row: ManifestRow) -> ManifestRow:
    """The row of a picture that was made under other names: what is alike in bytes may be called otherwise now."""
    return replace(made, **{name: getattr(row, name) for name in ("run_id", "pair", "content", "style", "output")})
