"""What a picture tells of how it was made, read and changed."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from nst_engine.images import decode, read_provenance, save


def told(picture: str | Path) -> dict[str, Any]:
    provenance = read_provenance(picture)
    assert provenance is not None
    return provenance


def retell(change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what `out.png` tells."""
    provenance = told("out.png")
    change(provenance)
    save(decode("out.png"), "out.png", provenance=provenance)


def digest(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()
