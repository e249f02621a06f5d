"""Read and change the provenance in a picture's file."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from nst_engine.images import decode, read_provenance, save


def provenance_of(picture: str | Path) -> dict[str, Any]:
    provenance = read_provenance(picture)
    assert provenance is not None
    return provenance


def change_provenance(change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the provenance in `out.png`."""
    provenance = provenance_of("out.png")
    change(provenance)
    save(decode("out.png"), "out.png", provenance=provenance)


def digest(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()
