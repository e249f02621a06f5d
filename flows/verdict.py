"""How a batch, or a part of one, ends."""

from collections.abc import Sequence

from prefect import State
from prefect.states import Completed, Failed

from nst_engine import Status
from tasks.manifest import ManifestRow


def verdict(rows: Sequence[ManifestRow], allow_failures: bool) -> State[None]:
    """Completed, or Failed where a pair has failed and that is not allowed."""
    failed = sum(row.status == Status.FAILED for row in rows)
    message = f"{len(rows) - failed} of {len(rows)} pairs have their picture, {failed} failed"
    return Failed(message=message) if failed and not allow_failures else Completed(message=message)
