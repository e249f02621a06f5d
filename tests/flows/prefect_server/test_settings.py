import os
from pathlib import Path

import pytest

from flows.prefect_server.settings import DEFAULTS, apply_defaults, set_environment
from tasks.local_state import state_folder


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


@pytest.fixture
def locked_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that cannot be written, not even by root."""
    access, home = os.access, tmp_path / "home"
    home.mkdir()

    def locked(path: str | Path, mode: int) -> bool:
        return access(path, mode) and not (mode & os.W_OK and Path(path).is_relative_to(home))

    monkeypatch.setattr(os, "access", locked)
    monkeypatch.setenv("HOME", str(home))
    for name in ("PREFECT_HOME", "PREFECT_PROFILES_PATH", "KERAS_HOME"):
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)
    return home


def test_where_the_home_cannot_be_written_files_go_to_the_state_folder(locked_home: Path) -> None:
    apply_defaults()
    assert os.environ["PREFECT_HOME"] == str(state_folder() / "prefect-home")
    assert os.environ["KERAS_HOME"] == str(state_folder() / "keras")
    assert "PREFECT_PROFILES_PATH" not in os.environ
    assert list(locked_home.iterdir()) == []


def test_what_can_only_be_read_there_is_still_used(locked_home: Path) -> None:
    for folder in (".keras", ".prefect"):
        (locked_home / folder).mkdir()
    (locked_home / ".prefect" / "profiles.toml").touch()
    apply_defaults()
    assert "KERAS_HOME" not in os.environ
    assert os.environ["PREFECT_HOME"] == str(state_folder() / "prefect-home")
    assert os.environ["PREFECT_PROFILES_PATH"] == str(locked_home / ".prefect" / "profiles.toml")


@pytest.mark.usefixtures("locked_home")
def test_the_state_folder_is_the_home_of_a_user_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nobody(_user: int) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwuid", find_nobody)
    monkeypatch.delenv("HOME")
    apply_defaults()
    assert [os.environ[name] for name in ("HOME", "PREFECT_HOME", "KERAS_HOME")] == [
        *(str(state_folder() / name) for name in ("", "prefect-home", "keras")),
    ]


@pytest.mark.usefixtures("locked_home")
def test_a_home_that_can_be_written_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "another"))
    apply_defaults()
    assert "PREFECT_HOME" not in os.environ
    assert "KERAS_HOME" not in os.environ


def test_variables_are_set_within_the_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "before")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("ALL_PROXY", "before")
    with set_environment({"PREFECT_API_URL": "within", "NO_PROXY": "localhost", "ALL_PROXY": None}):
        assert (os.environ["PREFECT_API_URL"], os.environ["NO_PROXY"]) == ("within", "localhost")
        assert "ALL_PROXY" not in os.environ
    assert (os.environ["PREFECT_API_URL"], os.environ["ALL_PROXY"]) == ("before", "before")
    assert "NO_PROXY" not in os.environ
