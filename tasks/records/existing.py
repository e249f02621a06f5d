"""Finds results that the output holds already: a picture, and the sidecar that says it is complete."""

import hashlib
from dataclasses import replace

from nst_engine.transfer.result import Status
from tasks.planning.pairs import PairSpec
from tasks.records.row import ManifestRow
from tasks.records.sidecar import ManifestError, Sidecar, read_sidecar
from tasks.storage import Storage


def find_sidecar(storage: Storage, pair: PairSpec) -> Sidecar | None:
    """The sidecar of `pair`, or None if it is missing or damaged.

    Raises:
        StorageError: the output cannot be read.
    """
    try:
        return read_sidecar(storage, pair.sidecar_key)
    except ManifestError:
        return None


def is_finished(storage: Storage, pair: PairSpec, sidecar: Sidecar, fingerprint: str, file_format: str) -> bool:
    """True if the sidecar has this fingerprint and the picture beside it has the bytes that the sidecar records.

    The bytes differ, for example, if a later run was stopped between the picture and its sidecar.

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
    """The row of a pair that is skipped: the names of this run, the figures of the run that made the picture."""
    return replace(rename(sidecar.row, row), status=Status.SKIPPED.value)


def rename(made: ManifestRow, row: ManifestRow) -> ManifestRow:
    """The row `made` with the names of `row`: the same bytes may have other names in this run."""
    return replace(made, **{name: getattr(row, name) for name in ("run_id", "pair", "content", "style", "output")})
