"""Show the progress of a batch in the run's history: a bar with the time left."""

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import Any

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from nst_engine import Status
from tasks.records.row import ManifestRow
from tasks.reporting.number_format import duration

SECONDS = 5.0
"""Seconds between two updates of the bar."""


def update_artifact(
    rows: Iterable[ManifestRow], total: int, key: str, warn: Callable[[str], Any]
) -> Iterator[ManifestRow]:
    """Yield the rows, and update a progress artifact as they come; an update that fails is a warning.

    Args:
        rows: the rows as they come.
        total: how many rows will come.
        key: the key of the artifact.
        warn: gets the text of a warning.
    """
    began = last = monotonic()
    failed = 0
    artifact: Any = create_progress_artifact(0.0, key=key, description=f"0 of {total} pairs")
    for count, row in enumerate(rows, start=1):
        failed += row.status == Status.FAILED
        now = monotonic()
        if now - last >= SECONDS or count == total:
            last = now
            left = duration((now - began) / count * (total - count))
            text = f"{count} of {total} pairs, {failed} failed" + (f", about {left} left" if count < total else "")
            try:
                update_progress_artifact(artifact, 100 * count / total, description=text)
            except Exception as error:  # whatever is wrong with the server, the pictures matter more
                warn(f"the progress artifact could not be moved: {error}")
        yield row
