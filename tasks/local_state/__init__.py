"""What lies in the folder that this machine keeps between runs; `nst_engine.folders` says where it is.

`checkpoints` keeps the states of unfinished transfers, so that a later run goes on from them. `outbox` keeps pictures
that were made but could not be written, `unsaved` those that could not even be encoded. Locks and the history of runs
lie in the same folder.

May import `tasks.records` and `tasks.storage`; loads neither TensorFlow nor Prefect.

Start reading here, then at `checkpoints`.
"""

from pathlib import Path

from nst_engine.folders import HOME, data_folder
from tasks.storage import StorageError

__all__ = ["HOME", "state_folder"]


def state_folder() -> Path:
    """The folder that the variable `HOME` names, or the user's data folder.

    Raises:
        StorageError: the user has no home.
    """
    try:
        return data_folder()
    except RuntimeError as error:
        remedy = f"set {HOME} to a folder of this machine's own, its path in full"
        raise StorageError(f"the folder that is kept between runs is not known: {error}; {remedy}") from error
