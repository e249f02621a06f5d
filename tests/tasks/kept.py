"""The files that earlier releases wrote, and the configuration of their pictures."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

from nst_engine.config import TransferConfig
from nst_engine.config.releases import RELEASES

KEPT = Path(__file__).parents[1] / "kept" / "0.1.0"

FIRST = RELEASES[0]

AT_FIRST = replace(FIRST, fields=RELEASES[-1].fields | FIRST.fields, losses=RELEASES[-1].losses | FIRST.losses)
"""What configurations of today, with fields that came later, would mean if no meaning had changed since."""

CHOSEN = {
    "backbone": "tiny",
    "weights": "random",
    "side": 16,
    "levels": 1,
    "optimizer": "adam",
    "iterations": 4,
    "precision": "float32",
    "record_every": 2,
}
"""The fields that were set for the pictures of `KEPT`; all others were left out."""


def kept_config(**changes: object) -> TransferConfig:
    """The configuration of the pictures, with all defaults that were left out named."""
    return TransferConfig.from_dict(FIRST.fields | CHOSEN | changes)


def copy_kept(root: Path) -> Path:
    """Copy the files to where they may be written."""
    return copytree(KEPT, root / "kept")


def kept_sidecars() -> list[Path]:
    """The sidecars among the files."""
    return sorted(KEPT.rglob("*.json"))
