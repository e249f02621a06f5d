"""What all tests share, and which of them share a process.

`make unit` has two processes for the tests (pytest-xdist). Those of one group run in one of them, one after another:
tests of networks share engines, and tests of servers share these and mostly wait. All others go file by file to the
process that is free first.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

TESTS = Path(__file__).parent
GROUPS = {"deployments": "servers", "flows": "servers", "nst_engine": "networks"}
"""The group of the tests in a folder."""

if "PYTEST_XDIST_WORKER" in os.environ:  # before anything loads TensorFlow, here and in the processes that tests start
    threads = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(threads)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put a test into its group, before pytest-xdist reads the groups of all."""
    path = item.path.relative_to(TESTS)
    item.add_marker(pytest.mark.xdist_group(GROUPS.get(path.parts[0], path.as_posix())))


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

    with prefect_test_harness(server_startup_timeout=120):
        yield str(get_current_settings().api.url)
