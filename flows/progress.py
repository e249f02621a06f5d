"""Show the progress of a batch: a bar on a terminal, lines elsewhere."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nst_engine import Record, Status
from tasks.planning.names import printable
from tasks.records.row import ManifestRow

MOST_LINES = 1000
"""Pairs that have a line each; those that come after them are summed up, a hundred or a thousandth of all to a line."""


def show_progress(
    rows: Iterable[ManifestRow], total: int, log: Callable[[str], None], complain: Callable[[str], None]
) -> Iterator[ManifestRow]:
    """Yield the rows, and show the progress as they come; failures are logged on a terminal too.

    Args:
        rows: the rows as they come.
        total: how many rows will come.
        log: gets the lines about pairs that have their results.
        complain: gets the lines about pairs of which one failed or more.
    """
    terminal = sys.stderr.isatty()
    told: list[ManifestRow] = []
    with progress_bar(hidden=not terminal) as bar:
        task = bar.add_task("stylizing", total=total)
        for count, row in enumerate(rows, start=1):
            bar.update(task, advance=1, description=printable(row.pair))
            told.append(row)
            if count <= MOST_LINES or count == total or len(told) == max(100, total // MOST_LINES):
                failed = any(it.status == Status.FAILED for it in told)
                if failed or not terminal:
                    (complain if failed else log)(f"{count}/{total} {_sum_up(told)}")
                told.clear()
            yield row


def _sum_up(rows: Sequence[ManifestRow]) -> str:
    """One line on the outcome of one pair or more: how many there are of each status, and the first that failed."""
    if len(rows) == 1:
        return describe(rows[0])
    counts = Counter(row.status for row in rows)
    text = f"the last {len(rows)} pairs: {', '.join(f'{count} {status}' for status, count in counts.items())}"
    first = next((row for row in rows if row.status == Status.FAILED), None)
    return text if first is None else f"{text}, the first {describe(first)}"


def progress_bar(hidden: bool = False) -> Progress:
    """A progress bar on stderr with count, elapsed time and time left."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=hidden,
        transient=True,
    )


def describe(row: ManifestRow) -> str:
    """One line on the outcome of a pair."""
    name = printable(row.key)
    if row.status == Status.FAILED:
        return f"{name} failed: {row.error}"
    if row.status == Status.SKIPPED:
        return f"{name} skipped: it is finished, with a total loss of {row.total_loss:.4g}"
    return (
        f"{name} {row.status} in {row.seconds_total:.1f} s, "
        f"total loss {row.initial_total_loss:.4g} to {row.total_loss:.4g}"
    )


@contextmanager
def step_bar(total: int) -> Iterator[Callable[[Record], None]]:
    """Show a bar over the steps of one transfer, on a terminal only; yields the function that takes each record."""
    with progress_bar(hidden=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=total)

        def show(record: Record) -> None:
            bar.update(task, completed=record.step, description=f"{record.side} px, total loss {record.total:.4g}")

        yield show
