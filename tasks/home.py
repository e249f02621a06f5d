"""What is kept between runs on this machine: its folder."""

import os
from pathlib import Path

from platformdirs import user_data_path

HOME = "NIGHTBRUSH_HOME"
"""Environment variable that names another folder."""


def home() -> Path:
    """The folder: `HOME`, or the user's data folder."""
    return Path(os.environ.get(HOME) or user_data_path("nightbrush"))
