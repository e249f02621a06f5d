"""The unit for systemd is one that systemd takes, and its command is one that Nightbrush takes."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from flows.cli.commands import cli, serve

UNIT = Path(__file__).parents[2] / "deployments" / "nightbrush.service"
COMMAND = "/srv/nightbrush/.venv/bin/nightbrush"
CHECKER = shutil.which("systemd-analyze")


@pytest.mark.skipif(CHECKER is None, reason="systemd-analyze is not there")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    assert text.count(f"ExecStart={COMMAND} ") == 1
    unit.write_text(text.replace(COMMAND, sys.executable), encoding="utf-8")  # a command that is there
    command = [str(CHECKER), "verify", "--recursive-errors=no", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 - a fixed program
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_of_the_unit_is_complete() -> None:
    lines = UNIT.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    (line,) = [line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart=")]
    program, name, *arguments = shlex.split(line)
    assert (program, name) == (COMMAND, serve.name)
    parent = click.Context(cli, **cli.context_settings)  # whose names of --help click keeps for good
    assert isinstance(serve.make_context("serve", arguments, parent), click.Context)
