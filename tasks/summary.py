"""What a batch came to: counts, the table of its backbones, and both as CSV files."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, get_args, get_type_hints

import pandas as pd

from nst_engine.errors import NightbrushError
from nst_engine.result import Status
from tasks.manifest import COLUMNS, ManifestRow

LOSSES = ("content_loss", "style_loss", "tv_loss", "total_loss")
"""The columns of the losses."""

BACKBONE_COLUMNS = (
    *("backbone", "pairs", "completed", "failed", "skipped", "median_seconds", "p95_seconds"),
    *(*LOSSES, "iterations_per_second"),
)
"""The columns of `backbones.csv`, in their order."""

_ACTIVE = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20", "\t", "\r", "\n", "'")
"""How a text begins that a spreadsheet may run, some of them in the wide letters of East Asia too; the apostrophe that
defuses it belongs to them."""


class ResultsError(NightbrushError):
    """A `results.csv` that Nightbrush did not write; the text names the line and what is wrong with it."""


@dataclass(frozen=True)
class BatchSummary:
    """The rows of a batch, and what they come to.

    A row has a picture unless it failed. A skipped row carries the figures of the earlier run that made
    its picture: it counts for losses and speed, not for when this batch ran and how long.
    """

    rows: tuple[ManifestRow, ...]

    @cached_property
    def counts(self) -> dict[Status, int]:
        """Rows by status, each status named."""
        found = Counter(row.status for row in self.rows)
        return {status: found[status] for status in Status}

    @property
    def failures(self) -> tuple[ManifestRow, ...]:
        """The rows without a picture."""
        return tuple(row for row in self.rows if row.status == Status.FAILED)

    @property
    def pictured(self) -> tuple[ManifestRow, ...]:
        """The rows with a picture."""
        return tuple(row for row in self.rows if row.status != Status.FAILED)

    @cached_property
    def period(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """Start of the first pair and end of the last, UTC; None where no row tells.

        Skipped rows count only where there are no others.
        """
        fresh = [row for row in self.rows if row.status != Status.SKIPPED] or self.rows
        began = pd.to_datetime([row.started_at for row in fresh], utc=True, format="ISO8601", errors="coerce")
        ended = began + pd.to_timedelta([row.seconds_total or 0.0 for row in fresh], unit="s")
        return (began.min(), ended.max()) if began.notna().any() else None

    @cached_property
    def backbones(self) -> pd.DataFrame:
        """One row per backbone in order of appearance, with the columns `BACKBONE_COLUMNS`.

        `completed` counts converged rows too. Seconds (median, 95th percentile with linear interpolation),
        losses and iterations per second (means) are over the rows with a picture; NaN where there are none.
        """
        frame = pd.DataFrame(map(asdict, self.rows), columns=list(COLUMNS))
        groups = frame.groupby("backbone", sort=False)
        return pd.DataFrame([_backbone(name, group) for name, group in groups], columns=list(BACKBONE_COLUMNS))

    @property
    def table(self) -> list[dict[str, Any]]:
        """`backbones` as plain values, one dictionary per backbone; None for what is not a number."""
        return table_records(self.backbones)


def _backbone(name: Any, group: pd.DataFrame) -> dict[str, Any]:
    counts = Counter(group["status"])
    figures = ["seconds_total", *LOSSES, "iterations_per_second"]
    made = group.loc[group["status"] != Status.FAILED, figures].astype(float)
    return {
        "backbone": name,
        "pairs": len(group),
        "completed": counts[Status.COMPLETED] + counts[Status.CONVERGED],
        "failed": counts[Status.FAILED],
        "skipped": counts[Status.SKIPPED],
        "median_seconds": made["seconds_total"].median(),
        "p95_seconds": made["seconds_total"].quantile(0.95),
        **made[figures[1:]].mean(),
    }


def results_csv(rows: Iterable[ManifestRow]) -> bytes:
    """The rows as `results.csv`: the columns `COLUMNS`, UTF-8, RFC 4180.

    None is an empty cell; numbers keep every digit. A text that a spreadsheet would run (one that begins
    with `= + - @`, narrow or wide, a tab or a line break) gets an apostrophe before it, and so does one that begins
    with an apostrophe. Bytes of a file name that are not Unicode become backslash escapes.
    """
    return _csv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def backbones_csv(rows: Iterable[ManifestRow]) -> bytes:
    """The table of the backbones as `backbones.csv`, written like `results.csv`; see `BatchSummary.backbones`."""
    return table_csv(BatchSummary(tuple(rows)).backbones)


def table_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Any table as plain values, one dictionary per row; None for what is not a number."""
    records = table.to_dict("records")
    return [{str(name): None if pd.isna(value) else value for name, value in record.items()} for record in records]


def table_csv(table: pd.DataFrame) -> bytes:
    """Any table as a CSV file written like `results.csv`: NaN is an empty cell."""
    return _csv(tuple(table.columns), table.astype(object).where(table.notna(), None).to_numpy().tolist())


def _csv(header: tuple[str, ...], lines: Iterable[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(map(_defused, line) for line in lines)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _defused(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_ACTIVE) else cell


def read_results(data: bytes) -> tuple[ManifestRow, ...]:
    """The rows of a `results.csv`, as they were before `results_csv`; an empty optional text comes back as None.

    Raises:
        ResultsError: the bytes are no CSV in UTF-8, the columns are not `COLUMNS`, or a cell has no such value.
    """
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        if header != list(COLUMNS):
            raise ResultsError(f"not a results.csv of Nightbrush: {_difference(header)}; rebuild it from the sidecars")
        return tuple(_row(cells, lines.line_num) for cells in lines)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultsError(f"not a CSV file in UTF-8: {error}; rebuild it from the sidecars") from error


def _difference(header: list[str]) -> str:
    for number, expected in enumerate(COLUMNS, start=1):
        found = header[number - 1] if number <= len(header) else None
        if found != expected:
            return f"column {number} is {found!r} and should be {expected!r}"
    return f"column {len(COLUMNS) + 1} is {header[len(COLUMNS)]!r} and should not be there"


def _row(cells: list[str], line: int) -> ManifestRow:
    if len(cells) != len(COLUMNS):
        raise ResultsError(f"results.csv, line {line}: {len(cells)} cells instead of {len(COLUMNS)}")
    values = {name: _value(name, cell, line) for name, cell in zip(COLUMNS, cells, strict=True)}
    return ManifestRow(**values)


def _value(name: str, cell: str, line: int) -> Any:
    kind, optional = _KINDS[name]
    if optional and not cell:
        return None
    try:
        return cell.removeprefix("'") if kind is str else kind(cell)
    except ValueError as error:
        noun = "a whole number" if kind is int else "a number"
        raise ResultsError(f"results.csv, line {line}: {name}={cell!r} is not allowed; use {noun}") from error


def _kind(hint: Any) -> tuple[type, bool]:
    return (get_args(hint) or (hint,))[0], type(None) in get_args(hint)


_KINDS = {name: _kind(hint) for name, hint in get_type_hints(ManifestRow).items()}
"""Type of each column, and whether its cells may be empty."""
