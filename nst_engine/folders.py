"""The folders of this machine that outlive a run, and the variables that name others in their place."""

import os
from pathlib import Path

from platformdirs import user_data_path

from nst_engine.errors import WeightsError

HOME = "NIGHTBRUSH_HOME"
"""Environment variable that names a folder in place of the user's data folder."""

WEIGHTS = "NIGHTBRUSH_WEIGHTS"
"""Environment variable that names a folder of weights, which machines may share, in place of the one in `HOME`."""


def data_folder() -> Path:
    """The folder that the variable `HOME` names, or the user's data folder.

    Raises:
        RuntimeError: the user has no home.
    """
    return Path(os.environ.get(HOME) or user_data_path("nightbrush")).expanduser()


def weights_folder() -> Path:
    """The folder that the variable `WEIGHTS` names, or `weights` in the data folder.

    Raises:
        WeightsError: the user has no home.
    """
    try:
        return Path(os.environ.get(WEIGHTS) or data_folder() / "weights").expanduser()
    except RuntimeError as error:
        raise WeightsError(f"the folder of weights is not known: {error}; set {WEIGHTS} to a path in full") from error
