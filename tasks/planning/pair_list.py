"""Reads a pair list: a CSV file that says which content goes with which style, and sets fields for single pairs."""

import csv
from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path

from nst_engine.config import TransferConfig
from nst_engine.errors import NightbrushError
from tasks.planning.collisions import first_collision
from tasks.planning.naming import Naming, SharedInList
from tasks.planning.pair_list_row import RowReader
from tasks.planning.pairs import PairSpec
from tasks.planning.request import PairingError
from tasks.storage import is_path, read_uri
from tasks.text_files import read_table

_PICTURES = ("content", "style")
_COLUMNS = (*_PICTURES, "name", *(field.name for field in fields(TransferConfig)))
_MOST_ERRORS = 10


def read_pair_list(file: str, reader: RowReader) -> tuple[PairSpec, ...]:
    """The pairs that a CSV file lists, checked, in the order of work: by backbone, overrides, style, content.

    The file is UTF-8, or UTF-16 with a byte order mark, its cells parted by commas, semicolons or tabs and quoted as in
    RFC 4180. It has the columns `content` and `style`, which hold keys. Optional columns are `name`, the name of the
    output in place of that of the two pictures, `backbone`, and any other field of the configuration, with values as
    `--set` takes them. For an empty cell the batch's own value holds; a row of empty cells is skipped.

    Args:
        file: path or URI of the CSV file.
        reader: makes the pairs of a row.

    Raises:
        PairingError: the file cannot be read or has no rows, a row is not allowed, or two pairs have the same output
            file; the text names the lines.
        StorageError: there is nothing at the URI.
    """
    pairs: list[PairSpec] = []
    lines = array("Q")
    errors: list[tuple[int, NightbrushError]] = []
    rows = _rows(file)
    columns = _columns(file, next(rows, (1, []))[1])
    for line, cells in rows:
        try:
            row_pairs = reader.pairs(_row(columns, cells))
        except NightbrushError as error:
            errors.append((line, error))
            if len(errors) == _MOST_ERRORS:
                break
        else:
            pairs += row_pairs
            lines.extend([line] * len(row_pairs))
    if errors:
        raise _summary_error(file, errors)
    if not pairs:
        raise PairingError(f"pair list {file!r} has no rows below its first line; name a content and a style in each")
    _refuse_collision(file, pairs, lines)
    return _sort(pairs)


def _rows(file: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that is not empty, with the number of its first line."""
    data, line = _read(file), 1
    try:
        table = read_table(data)
        for cells in table:
            if any(cells):
                yield line, cells
            line = table.line_num + 1
    except UnicodeDecodeError as error:
        raise PairingError(f"pair list {file!r} is not Unicode from line {line} on; save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise PairingError(f"pair list {file!r}, line {line}: {error}; quote cells as RFC 4180 has it") from error


def _read(file: str) -> bytes:
    if not is_path(file):
        return read_uri(file)
    try:
        return Path(file).expanduser().read_bytes()
    except (OSError, RuntimeError, ValueError) as error:  # no such file, no such home, no such name
        reason = getattr(error, "strerror", None) or str(error)
        raise PairingError(f"pair list {file!r} cannot be read: {reason}; check its path") from error


def _columns(file: str, cells: Sequence[str]) -> list[str]:
    """The names of the columns, from the cells of the first row."""
    names = [cell.strip() for cell in cells]
    remedy = "name content and style in its first line, a name and fields of the configuration as need be"
    for name in names:
        if name not in _COLUMNS:
            near = get_close_matches(name, _COLUMNS, n=1) if len(names) > 1 else []
            hint = f"did you mean {near[0]}?" if near else f"{remedy}, with commas, semicolons or tabs between them"
            raise PairingError(f"pair list {file!r} has the unknown column {name!r}; {hint}")
        if names.count(name) > 1:
            raise PairingError(f"pair list {file!r} has the column {name!r} twice; leave one out")
    for name in _PICTURES:
        if name not in names:
            raise PairingError(f"pair list {file!r} has no column {name!r}; {remedy}")
    return names


def _row(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise PairingError(
            f"{len(cells)} cells where there are {len(columns)} columns; quote cells that hold a separator"
        )
    return dict(zip(columns, cells, strict=True))


def _summary_error(file: str, errors: Sequence[tuple[int, NightbrushError]]) -> PairingError:
    """One error for all rows that are not allowed: the text of the first, the line numbers of the others."""
    (line, error), *others = errors
    count = f"at least {len(others)}" if len(errors) == _MOST_ERRORS else str(len(others))
    more = f" (and {count} more, in lines {', '.join(str(number) for number, _ in others)})" if others else ""
    return PairingError(f"pair list {file!r}, line {line}: {error}{more}")


def _refuse_collision(file: str, pairs: list[PairSpec], lines: Sequence[int]) -> None:
    naming = Naming(SharedInList(pairs))
    if collision := first_collision(pairs if naming.is_plain else list(map(naming.named, pairs))):
        one, other = (lines[index] for index in collision)
        name = pairs[collision[1]].name
        remedy = "give one of them another name in the column 'name'"
        raise PairingError(f"pair list {file!r}: lines {one} and {other} would both be written as {name!r}; {remedy}")


def _sort(pairs: list[PairSpec]) -> tuple[PairSpec, ...]:
    """Sort the pairs, backbones and overrides as in the file. Four sorts, since one key would cost a tuple a pair."""
    networks, settings = _ranks(pair.backbone for pair in pairs), _ranks(pair.overrides for pair in pairs)
    pairs.sort(key=attrgetter("content.key"))
    pairs.sort(key=attrgetter("style.key"))
    pairs.sort(key=lambda pair: settings[pair.overrides])
    pairs.sort(key=lambda pair: networks[pair.backbone])
    return tuple(pairs)


def _ranks(values: Iterable[Hashable]) -> dict[Hashable, int]:
    return {value: rank for rank, value in enumerate(dict.fromkeys(values))}
