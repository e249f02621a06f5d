"""What all tests share."""

import pytest
from hypothesis import settings

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another, or the user, keeps between runs."""
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path_factory.mktemp("home")))
