"""Where this machine keeps things between runs."""

from pathlib import Path

import pytest

from tasks.local_state import HOME, state_folder
from tasks.storage import StorageError


def test_the_home_is_the_user_s_data_folder_unless_the_environment_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME, str(tmp_path))
    assert state_folder() == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(HOME, "~/state")
    assert state_folder() == tmp_path / "state"
    monkeypatch.delenv(HOME)
    assert state_folder().name == "nightbrush"


@pytest.mark.parametrize("named", ["", "~/state"])
def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    def find_nobody(_user: int) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwuid", find_nobody)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(HOME, named)
    with pytest.raises(
        StorageError, match=r"between runs is not known: .*; set NIGHTBRUSH_HOME to a folder .* in full"
    ):
        state_folder()
    monkeypatch.setenv(HOME, "/state")
    assert state_folder() == Path("/state")
