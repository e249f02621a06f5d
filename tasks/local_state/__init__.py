"""What this machine keeps between runs, and the folder where it lies.

`checkpoints` keeps transfers that are under way, so that a later run goes on from there. `outbox` keeps pictures that
were made but could not be written. Locks and the history of runs lie in the same folder.

May import `tasks.records` and `tasks.storage`; loads neither TensorFlow nor Prefect.

Start reading here, then at `checkpoints`.
"""

import os
from pathlib import Path

from platformdirs import user_data_path

HOME = "NIGHTBRUSH_HOME"
"""Environment variable that names another folder."""


def state_folder() -> Path:
    """The folder: `HOME`, or the user's data folder."""
    return Path(os.environ.get(HOME) or user_data_path("nightbrush"))
