"""The files of `deployments/`, read as those who use them read them."""

from pathlib import Path
from typing import Any

import yaml

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"
IMAGE = "nightbrush"
"""Name of the project's own image, which is built here and has no registry."""


def read_yaml(*parts: str) -> Any:
    """The one document of a file."""
    return yaml.safe_load(text(*parts))


def read_documents(*parts: str) -> list[dict[str, Any]]:
    """All documents of a file."""
    return list(yaml.safe_load_all(text(*parts)))


def text(*parts: str) -> str:
    """A file as it is."""
    return DEPLOYMENTS.joinpath(*parts).read_text(encoding="utf-8")


def is_pinned(image: str) -> bool:
    """Whether an image is named with a version, or is the project's own."""
    name, _, tag = image.rpartition(":")
    return any(character.isdigit() for character in tag) or name == IMAGE
