"""The group of all commands. An error that nobody foresaw is one line on the terminal, and a file tells all of it."""

import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from nst_engine import NightbrushError, __version__
from tasks.local_state import state_folder


class UnforeseenError(NightbrushError):
    """A command ended in an error that is a fault of Nightbrush; the text says where its traceback lies."""


_SUMMARY = 200
"""Letters of what the help says of a command at most: its whole first sentence."""


class Commands(click.Group):
    """Commands that end in one line whatever happens, unless `--debug` asks for the traceback.

    Args:
        sections: the names of the commands by the heads under which the help lists them.
    """

    def __init__(self, *arguments: Any, sections: Mapping[str, Iterable[str]], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls it
        """Write the commands and what each is for, section by section."""
        widest = max(map(len, self.commands))
        for head, names in self.sections.items():
            with formatter.section(head):
                formatter.write_dl(
                    [(name.ljust(widest), self.commands[name].get_short_help_str(_SUMMARY)) for name in names]
                )

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command.

        Raises:
            UnforeseenError: in the place of any error that is neither click's nor one of ours.
        """
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, NightbrushError, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params["debug"]:
                raise
            raise UnforeseenError(_describe(error)) from error


def _describe(error: Exception) -> str:
    reason = ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))
    path = _save(f"{__version__}: {sys.argv}\n{''.join(traceback.format_exception(error))}")
    where = "nightbrush --debug shows it whole" if path is None else f"all of it is in {str(path)!r}"
    return f"{reason}; this is a fault of Nightbrush, please report it: {where}"


def _save(text: str) -> Path | None:
    """Write a text to a new file of this machine's folder, or of the system's; None if neither can be written."""
    for folder in (state_folder() / "errors", Path(tempfile.gettempdir())):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = Path(tempfile.mkstemp(prefix="nightbrush-", suffix=".log", dir=folder)[1])
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return path
    return None
