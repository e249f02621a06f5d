"""Pictures that were made and could not be made a file as asked for: kept on this machine for a person to fetch."""

from typing import NoReturn

from nst_engine import NightbrushError, TransferResult
from nst_engine.images import save
from tasks.local_state import state_folder


def keep(result: TransferResult, name: str, reason: NightbrushError) -> NoReturn:
    """Save a result as PNG, without profile and provenance, and raise an error that says why and where.

    Raises:
        NightbrushError: always, of the kind of `reason`; in its text `name` is that of the file.
        ImageError: it cannot be saved here either.
    """
    path = save(result.image, state_folder() / "unsaved" / f"{name}.png", alpha=result.alpha)
    raise type(reason)(f"{reason}; the picture is kept as {str(path)!r}, without its metadata") from reason
