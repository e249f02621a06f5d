"""The final state of a flow: Completed or Failed, with its message."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from prefect import State, get_run_logger
from prefect.states import Completed, Failed

from nst_engine import Status
from tasks.records.row import ManifestRow
from tasks.storage import StorageError

Verdict: TypeAlias = State[StorageError | None]
"""The final state of a flow; its data is the error if the report could not be written."""


def try_write(write: Callable[[], Iterable[str]]) -> StorageError | None:
    """Write a report, and log its notes as warnings.

    Args:
        write: writes the report; returns its notes, such as files that it could not read.

    Returns:
        The error if the report could not be written, else None.
    """
    try:
        for note in write():
            get_run_logger().warning(note)
    except StorageError as error:
        return error
    return None


def verdict(rows: Sequence[ManifestRow], allow_failures: bool, error: StorageError | None = None) -> Verdict:
    """Failed if a pair has failed and that is not allowed, or if the report could not be written; else Completed."""
    failed = sum(row.status == Status.FAILED for row in rows)
    message = f"{len(rows) - failed} of {len(rows)} pairs have their picture, {failed} failed"
    if error is not None:
        return Failed(message=f"{message}; {error}", data=error)
    return Failed(message=message) if failed and not allow_failures else Completed(message=message)
