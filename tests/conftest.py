"""What all tests share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


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
