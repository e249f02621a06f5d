import os

import pytest

from flows.prefect_server.settings import DEFAULTS, apply_defaults, set_environment


@pytest.fixture(autouse=True)
def _environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DEFAULTS:
        monkeypatch.setenv(name, "to be restored")


def test_sets_what_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DEFAULTS:
        monkeypatch.delenv(name)
    apply_defaults()
    assert {name: os.environ[name] for name in DEFAULTS} == DEFAULTS


def test_leaves_what_the_user_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "7")
    apply_defaults()
    assert os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "7"


def test_nothing_calls_home() -> None:
    assert DEFAULTS["DO_NOT_TRACK"] == "1"
    assert DEFAULTS["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_prefect_understands_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import Settings

    for name in DEFAULTS:
        monkeypatch.delenv(name)
    apply_defaults()
    server = Settings().server
    assert server.ephemeral.enabled
    assert server.ephemeral.startup_timeout_seconds == 90
    assert not server.analytics_enabled


def test_variables_are_set_within_the_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "before")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with set_environment({"PREFECT_API_URL": "within", "NO_PROXY": "localhost"}):
        assert (os.environ["PREFECT_API_URL"], os.environ["NO_PROXY"]) == ("within", "localhost")
    assert os.environ["PREFECT_API_URL"] == "before"
    assert "NO_PROXY" not in os.environ
