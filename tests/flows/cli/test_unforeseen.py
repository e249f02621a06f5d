"""Whatever happens, a command ends in one line, and nothing of the story is lost."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli import doctor
from flows.prefect_server.settings import BRIEF
from tasks.local_state import state_folder
from tests.flows.console import Nightbrush


def fail() -> None:
    raise KeyError("two\nlines")


@pytest.fixture(autouse=True)
def _a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", fail)


def test_an_error_that_nobody_foresaw_is_one_line_and_the_rest_in_a_file(nightbrush: Nightbrush) -> None:
    ran = nightbrush("doctor")
    (log,) = (state_folder() / "errors").iterdir()
    assert (ran.status, ran.out) == (3, "")
    story = "this is a fault of Nightbrush, please report it: all of it is in"
    assert ran.err == f"nightbrush: KeyError: 'two\\nlines'; {story} {str(log)!r}\n"
    assert re.search(r"\['nightbrush', 'doctor'\]\nTraceback .*in fail\n.*KeyError: ", log.read_text(), re.DOTALL)


def test_where_this_machines_folder_cannot_be_written_the_file_is_elsewhere(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert str(tmp_path / "temporary" / "nightbrush-") in nightbrush("doctor").err
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    assert nightbrush("doctor").err.endswith("please report it: nightbrush --debug shows it whole\n")


def test_an_error_without_a_text_is_called_by_its_kind(nightbrush: Nightbrush, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_silently() -> None:
        raise AssertionError

    monkeypatch.setattr(doctor, "examine", fail_silently)
    assert nightbrush("doctor").err.startswith("nightbrush: AssertionError; this is a fault of Nightbrush")


def test_what_is_set_for_a_command_ends_with_it(nightbrush: Nightbrush, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, str] = {}
    monkeypatch.setattr(doctor, "examine", lambda: found.update(os.environ))
    nightbrush("doctor")
    assert found[next(iter(BRIEF))] == BRIEF[next(iter(BRIEF))]
    assert not BRIEF.keys() & os.environ.keys()


def test_a_traceback_is_shown_to_whoever_asks_for_it(nightbrush: Nightbrush) -> None:
    with pytest.raises(KeyError):
        nightbrush("--debug", "doctor")
    assert not (state_folder() / "errors").exists()


def test_who_reads_only_the_beginning_of_the_output_sees_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", "from flows.cli import main; main()", "--help"]
    ran = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)  # noqa: S603 - ourselves
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, b"")
