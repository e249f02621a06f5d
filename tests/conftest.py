"""What all tests share, and which of them share a process.

`make unit` has two processes for the tests (pytest-xdist). Those of one group run in one of them, one after another:
tests of networks share engines, and tests of servers share these and mostly wait. All others go file by file to the
process that is free first.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from flows.prefect_server.settings import SERVER_DEFAULTS

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

GROUPS = {
    "tests/deployments": "servers",
    "tests/flows": "servers",
    "tests/tasks/samples": "servers",
    "tests/test_borders.py": "servers",
    "tests/test_readme.py": "servers",
    "tests/nst_engine": "networks",
}
"""The group of the tests in a folder, or in a file."""

MUCH_MEMORY = (
    *("tests/deployments", "tests/flows/runners", "tests/flows/prefect_server", "tests/test_borders.py"),
    *("tests/flows/test_shards.py", "tests/flows/test_nightly.py", "tests/flows/cli/test_commands_process.py"),
    *("tests/flows/test_ui.py", "tests/tasks/samples", "tests/test_readme.py"),
    *("tests/nst_engine/evaluation/test_tile_choice.py", "tests/nst_engine/transfer/test_deterministic.py"),
    *("tests/nst_engine/hardware/test_keras_settings.py", "tests/nst_engine/test_import.py"),
)
"""Tests that take much memory for a while, most in processes that they start: they go first, while networks are few."""

os.environ.setdefault("NIGHTBRUSH_WEIGHTS", str(Path(__file__).parents[1] / ".venv" / "weights"))
"""Where `make` lays weights: each test has a home of its own, and all share these."""

if "PYTEST_XDIST_WORKER" in os.environ:  # before anything loads TensorFlow, here and in the processes that tests start
    threads = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(threads)


class InGroups(LoadScopeScheduling):
    """Hands whole groups of tests to processes, the largest first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((group for path, group in GROUPS.items() if f"{file}/".startswith(f"{path}/")), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InGroups:
    """Have pytest-xdist go by groups whenever there are several processes."""
    return InGroups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes most memory beside the others."""
    items.sort(key=lambda item: not item.nodeid.startswith(MUCH_MEMORY))


@pytest.fixture(autouse=True, scope="module")
def _memory_is_given_back() -> Iterator[None]:
    """Give the system what is free when a file's tests are done: glibc keeps it, unless it is asked."""
    yield
    with suppress(AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another, or the user, keeps between runs, and none leaves a server behind."""
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("NIGHTBRUSH_NO_HISTORY", "1")


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """The address of a running Prefect API that flows report to; its database is thrown away."""
    from prefect.settings import get_current_settings
    from prefect.testing.utilities import prefect_test_harness

    with pytest.MonkeyPatch.context() as environment:
        for name, value in SERVER_DEFAULTS.items():
            environment.setenv(name, value)
        with prefect_test_harness(server_startup_timeout=120):
            yield str(get_current_settings().api.url)


@pytest.fixture(scope="session")
def client(prefect_api: str) -> Iterator["SyncPrefectClient"]:
    """A client of that API."""
    del prefect_api
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as found:
        yield found
