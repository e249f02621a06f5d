"""The bytes of `results.csv`, `backbones.csv` and other tables, and rows from the bytes of `results.csv`."""

import csv
import io
from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

import pandas as pd

from nst_engine.errors import NightbrushError
from tasks.records.row import COLUMNS, ManifestRow, required_fields
from tasks.records.summary import BatchSummary
from tasks.text_files import read_table

_FORMULA_BEGINNINGS = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20", "\t", "\r", "\n", "'")
"""Beginnings of a text that a spreadsheet may run as a formula, East Asian wide forms included, and the apostrophe that
`_escape_formula` puts before them."""


class ResultsError(NightbrushError):
    """A `results.csv` cannot be used; the text names the line and what is wrong with it."""


def results_csv(rows: Iterable[ManifestRow]) -> bytes:
    """The rows as `results.csv`: the columns `COLUMNS`, UTF-8, RFC 4180.

    None is an empty cell; numbers keep every digit. A text that a spreadsheet would run (it begins
    with `= + - @`, narrow or wide, a tab or a line break) gets an apostrophe before it, and so does a text that begins
    with an apostrophe. Bytes of a file name that are not Unicode become backslash escapes.
    """
    return _csv(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def backbones_csv(rows: Iterable[ManifestRow]) -> bytes:
    """The table of the backbones as `backbones.csv`, written like `results.csv`; see `BatchSummary.backbones`."""
    return table_csv(BatchSummary(tuple(rows)).backbones)


def table_csv(table: pd.DataFrame) -> bytes:
    """A table as a CSV file, written like `results.csv`: NaN is an empty cell."""
    return _csv(tuple(table.columns), table.astype(object).where(table.notna(), None).to_numpy().tolist())


def _csv(header: tuple[str, ...], lines: Iterable[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(map(_escape_formula, line) for line in lines)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _escape_formula(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_BEGINNINGS) else cell


def read_results(data: bytes) -> tuple[ManifestRow, ...]:
    """The rows that `results_csv` wrote, in this version, an earlier or a later one.

    An empty optional text comes back as None. Columns that this version does not know are left out, and those that came
    after a file was written have their defaults.

    Raises:
        ResultsError: the bytes are not CSV in UTF-8, a column that each version writes is absent, a column is there
            twice, or a cell's value is not allowed.
    """
    try:
        lines = read_table(data)
        header = next(lines, [])
        _check_header(header)
        return tuple(_parse_row(header, cells, lines.line_num) for cells in lines)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultsError(f"not a CSV file in UTF-8: {error}; rebuild it from the sidecars") from error


def _check_header(header: list[str]) -> None:
    for what, names in (
        ("is not there", [name for name in required_fields(ManifestRow) if name not in header]),
        ("is there twice", [name for name in COLUMNS if header.count(name) > 1]),
    ):
        if names:
            column = f"the column {names[0]!r} {what}"
            raise ResultsError(f"not a results.csv of Nightbrush: {column}; rebuild it from the sidecars")


def _parse_row(header: list[str], cells: list[str], line: int) -> ManifestRow:
    if len(cells) != len(header):
        raise ResultsError(f"results.csv, line {line}: {len(cells)} cells instead of {len(header)}")
    known = [(name, cell) for name, cell in zip(header, cells, strict=True) if name in _CELL_TYPES]
    return ManifestRow(**{name: _parse_cell(name, cell, line) for name, cell in known})


def _parse_cell(name: str, cell: str, line: int) -> Any:
    kind, optional = _CELL_TYPES[name]
    if optional and not cell:
        return None
    try:
        return cell.removeprefix("'") if kind is str else kind(cell)
    except ValueError as error:
        noun = "a whole number" if kind is int else "a number"
        raise ResultsError(f"results.csv, line {line}: {name}={cell!r} is not allowed; use {noun}") from error


def _cell_type(hint: Any) -> tuple[type, bool]:
    return (get_args(hint) or (hint,))[0], type(None) in get_args(hint)


_CELL_TYPES = {name: _cell_type(hint) for name, hint in get_type_hints(ManifestRow).items()}
"""Type of each column, and whether its cells may be empty."""
