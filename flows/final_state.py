"""How a batch, or a part of one, ends."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from prefect import State, get_run_logger
from prefect.states import Completed, Failed

from nst_engine import Status
from tasks.records.row import ManifestRow
from tasks.storage import StorageError

Verdict: TypeAlias = State[StorageError | None]
"""The state that a flow ends in; its data is why the report could not be written, if so."""


def unwritten(write: Callable[[], Iterable[str]]) -> StorageError | None:
    """Write what tells of the pictures; what could not be read for it is a warning.

    Returns:
        Why it could not be written; None if it was.
    """
    try:
        for note in write():
            get_run_logger().warning(note)
    except StorageError as error:
        return error
    return None


def verdict(rows: Sequence[ManifestRow], allow_failures: bool, error: StorageError | None = None) -> Verdict:
    """Completed, or Failed where a pair has failed and that is not allowed, or where what tells of them is absent."""
    failed = sum(row.status == Status.FAILED for row in rows)
    message = f"{len(rows) - failed} of {len(rows)} pairs have their picture, {failed} failed"
    if error is not None:
        return Failed(message=f"{message}; {error}", data=error)
    return Failed(message=message) if failed and not allow_failures else Completed(message=message)
