"""How Prefect behaves in this project's commands, unless the user has set it otherwise."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tasks.local_state import state_folder

DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_LOGGERS_PREFECT_SERVER_LEVEL": "ERROR",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
}
"""Environment variables: no telemetry, time for an embedded server to start, heartbeats so frequent that the
automations of `deployments/` take no living run for lost, few logs, and no process that takes a whole GPU."""

SERVER_DEFAULTS = {
    "DO_NOT_TRACK": DEFAULTS["DO_NOT_TRACK"],
    "PREFECT_SERVER_ANALYTICS_ENABLED": DEFAULTS["PREFECT_SERVER_ANALYTICS_ENABLED"],
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
"""Environment variables of our own server: no telemetry, task runs recorded a hundred at a time within about a second,
leases that outlive a restart, and runs that are deleted after Prefect's 90 days."""


BRIEF = {"PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": "flows.prefect_server.console.BriefHandler"}
"""Environment variable by which Prefect prints no tracebacks on the terminal."""


def apply_defaults() -> None:
    """Set the defaults that the user has not set; must be called before Prefect or TensorFlow is loaded.

    Raises:
        StorageError: there is no folder for Prefect and Keras.
    """
    for name, value in (DEFAULTS | _folders()).items():
        os.environ.setdefault(name, value)


def _folders() -> dict[str, str]:
    """Folders for Prefect and Keras in the state folder, where they cannot have their own in the user's home.

    For a user without a home, the state folder is the home.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - a Path raises an error where there is no home
    prefect, keras = home / ".prefect", home / ".keras"
    variables = {} if home.is_absolute() else {"HOME": str(state_folder())}
    if not _is_writable(prefect):
        variables["PREFECT_HOME"] = str(state_folder() / "prefect-home")
        if os.access(prefect / "profiles.toml", os.R_OK):
            variables["PREFECT_PROFILES_PATH"] = str(prefect / "profiles.toml")
    if not os.access(keras, os.R_OK) and not _is_writable(keras):
        variables["KERAS_HOME"] = str(state_folder() / "keras")
    return variables


def _is_writable(folder: Path) -> bool:
    """True if files can be made in a folder, or the folder itself."""
    there = next((path for path in (folder, *folder.parents) if os.access(path, os.F_OK)), folder)
    return folder.is_absolute() and os.access(there, os.W_OK | os.X_OK)


@contextmanager
def set_environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set environment variables within the block, or remove those that are None, and restore them after it.

    Only through the environment does a setting of Prefect reach the processes that Prefect starts.
    """
    before = {name: os.environ.get(name) for name in variables}
    _change_environment(variables)
    try:
        yield
    finally:
        _change_environment(before)


def _change_environment(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
