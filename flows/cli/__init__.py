"""The command line: `nightbrush`.

`commands` has a function for each command, and `main`, which turns errors that a person can correct into one line;
`unforeseen` does so with all others.
`options` adds the options that commands share, `option_values` makes batches and comparisons of them. `launch` checks
and plans before Prefect and TensorFlow are loaded; `run_here` then runs the flow in this process. `dry_run`, `one`,
`replay`, `weights` and `doctor` do the work of the options and commands of these names.

May import all of `flows`, `tasks` and the engine; slow imports stand inside functions, so that `--help` is quick.

Start reading at `commands`.
"""

from flows.cli.commands import cli, main

__all__ = ["cli", "main"]
