"""A painter, or one that still learns, as the bytes of a file: a NumPy archive with JSON in it, which runs nothing."""

import json
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np

from nst_engine.errors import PainterError
from nst_engine.painting.network import Arrays

FORMAT = 1
"""Number of the form of the file, and of the network in it."""

_ACCOUNT = "account"


def to_bytes(arrays: Arrays, account: dict[str, Any]) -> bytes:
    """An uncompressed archive of the arrays and of plain values; the same bytes whenever it is made."""
    text = json.dumps({"format": FORMAT} | account, sort_keys=True)
    file = BytesIO()
    np.savez(file, **arrays, **{_ACCOUNT: np.frombuffer(text.encode(), np.uint8)})  # type: ignore[arg-type]  # its stubs
    return file.getvalue()


def from_bytes(data: bytes, name: str) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and the plain values of a file.

    Args:
        data: its bytes.
        name: what to call it in an error.

    Raises:
        PainterError: it is cut, no painter, or of another format.
    """
    try:
        with np.load(BytesIO(data), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        account = json.loads(arrays.pop(_ACCOUNT).tobytes())
        number = account["format"]
    except (BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PainterError(f"painter {name!r} is damaged or none: {reason}; delete it and learn it again") from error
    if number != FORMAT:
        raise PainterError(f"painter {name!r} is of format {number}, and this version reads {FORMAT}; learn it again")
    return arrays, account
