"""Where this machine keeps things between runs."""

from pathlib import Path

import pytest

from tasks.local_state import HOME, state_folder


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
