"""The command line: `nightbrush`.

`commands` has a function for each command, and `main`, which turns errors that a person can mend into one line.
`options` are the options that commands share, and how they become a batch or a comparison. `launch` checks and
plans before Prefect and TensorFlow are loaded; `run_here` then runs the flow in this process. `dry_run`, `one`,
`replay` and `doctor` are what the options and commands of these names do.

May import all of `flows`, `tasks` and the engine; what is heavy is imported inside of functions, so that `--help` is
quick.

Start reading at `commands`.
"""

from flows.cli.commands import cli, main

__all__ = ["cli", "main"]
