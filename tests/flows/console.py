"""Run the command line under test, and keep its output and its exit status."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

TINY = (
    *("--backbone", "tiny", "--set", "weights=random", "--set", "side=32", "--set", "levels=1"),
    *("--set", "optimizer=adam", "--set", "iterations=4", "--set", "precision=float32"),
)
"""Options of a transfer that takes milliseconds."""


@dataclass(frozen=True)
class Ran:
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr of a command that was refused."""
        assert (self.status, self.out) == (2, "")
        (line,) = self.err.splitlines()
        assert line.startswith("nightbrush: ")
        return line.removeprefix("nightbrush: ")


@dataclass(frozen=True)
class Night:
    """A batch that has run in a process of its own.

    Attributes:
        places: its contents, its styles and its output.
        ran: its exit status and its output.
    """

    places: dict[str, str]
    ran: Ran

    @property
    def run(self) -> str:
        """The id of its flow run."""
        (line,) = [line for line in self.ran.err.splitlines() if line.startswith("History: ")]
        return line.rpartition("/")[2]


Nightbrush: TypeAlias = Callable[..., Ran]


def in_a_process_of_its_own(*arguments: str | Path) -> Ran:
    """Run `nightbrush` as a user's shell does."""
    program = [sys.executable, "-c", "from flows.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=1200)  # noqa: S603 - ourselves
    return Ran(done.returncode, done.stdout, done.stderr)
