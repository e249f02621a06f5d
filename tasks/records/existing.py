"""Finds results that the output holds already: a picture, and the sidecar that says it is complete."""

import hashlib
from dataclasses import replace

from nst_engine.transfer.result import Status
from tasks.planning.pairs import PairSpec
from tasks.records.fingerprint import Identity
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


def is_finished(
    storage: Storage, pair: PairSpec, sidecar: Sidecar, identity: Identity, keep_older: bool = False
) -> bool:
    """True if the sidecar is of the picture that would be made, and the picture has the bytes that it records.

    The bytes differ, for example, if a later run was stopped between the picture and its sidecar.

    Args:
        storage: the output.
        pair, identity: what would be made.
        sidecar: what is there.
        keep_older: whether a picture that an earlier release made of the same choices counts too.

    Raises:
        StorageError: the output cannot be read.
    """
    if sidecar.row.status not in (Status.COMPLETED, Status.CONVERGED):
        return False
    recorded = str(sidecar.row.fingerprint), sidecar.config
    if not identity.is_of(*recorded) and not (keep_older and identity.earlier_release(*recorded)):
        return False
    return _is_whole(storage, f"{pair.name}{sidecar.row.suffix}", sidecar)


def _is_whole(storage: Storage, key: str, sidecar: Sidecar) -> bool:
    entry = storage.head(key)
    if entry is None:
        return False
    if entry.etag is not None and entry.etag == sidecar.etags.get("output"):
        return True
    return hashlib.sha256(storage.read(key)).hexdigest() == sidecar.row.output_sha256


def skipped_row(sidecar: Sidecar, row: ManifestRow) -> ManifestRow:
    """The row of a pair that is skipped: the names of this run, the figures of the run that made the picture."""
    output = f"{row.output.removesuffix(row.suffix)}{sidecar.row.suffix}"
    return replace(rename(sidecar.row, row), output=output, status=Status.SKIPPED.value)


def rename(made: ManifestRow, row: ManifestRow) -> ManifestRow:
    """The row `made` with the names of `row`: the same bytes may have other names in this run."""
    return replace(made, **{name: getattr(row, name) for name in ("run_id", "pair", "content", "style", "output")})
