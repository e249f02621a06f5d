"""The folder that this machine keeps between runs, and what lies in it.

`checkpoints` keeps the states of unfinished transfers, so that a later run goes on from them. `outbox` keeps pictures
that were made but could not be written, `unsaved` those that could not even be encoded. Locks and the history of runs
lie in the same folder.

May import `tasks.records` and `tasks.storage`; loads neither TensorFlow nor Prefect.

Start reading here, then at `checkpoints`.
"""

import os
from pathlib import Path

from platformdirs import user_data_path

from tasks.storage import StorageError

HOME = "NIGHTBRUSH_HOME"
"""Environment variable that names a folder in place of the default one."""


def state_folder() -> Path:
    """The folder that the variable `HOME` names, or the user's data folder.

    Raises:
        StorageError: the user has no home.
    """
    try:
        return Path(os.environ.get(HOME) or user_data_path("nightbrush")).expanduser()
    except RuntimeError as error:
        remedy = f"set {HOME} to a folder of this machine's own, its path in full"
        raise StorageError(f"the folder that is kept between runs is not known: {error}; {remedy}") from error
