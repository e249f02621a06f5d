"""A list of pairs as a CSV file: which content goes with which style, and what is set for that pair alone."""

import csv
from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields
from difflib import get_close_matches
from io import BytesIO, TextIOWrapper
from operator import attrgetter
from pathlib import Path

from nst_engine.config import TransferConfig
from nst_engine.errors import NightbrushError
from tasks.planning.collisions import first_collision
from tasks.planning.pair_list_row import RowReader
from tasks.planning.pairs import PairSpec
from tasks.planning.request import PairingError
from tasks.storage import is_path, read_uri

_PICTURES = ("content", "style")
_COLUMNS = (*_PICTURES, "name", *(field.name for field in fields(TransferConfig)))
_MOST_TROUBLES = 10


def read_pair_list(file: str, reader: RowReader) -> tuple[PairSpec, ...]:
    """The pairs that a CSV file lists, checked, in the order of work: by backbone, overrides, style, content.

    The file is UTF-8, with a byte order mark or without, its cells quoted as RFC 4180 has it. The columns are `content`
    and `style`, which are keys, and if need be `name`, which the output bears instead of
    `<content stem>--<style stem>`, `backbone`, and any other field of the configuration, its values as `--set` takes
    them. An empty cell leaves what is set for the batch; a row of empty cells is passed over.

    Args:
        file: its path or URI.
        reader: makes pairs of a row.

    Raises:
        PairingError: the file cannot be read or has no rows, a row is not allowed, or two would be one output; the text
            names the lines.
        StorageError: there is nothing at its URI.
    """
    pairs: list[PairSpec] = []
    lines = array("Q")
    troubles: list[tuple[int, NightbrushError]] = []
    rows = _rows(file)
    columns = _columns(file, next(rows, (1, []))[1])
    for line, cells in rows:
        try:
            made = reader.pairs(_row(columns, cells))
        except NightbrushError as error:
            troubles.append((line, error))
            if len(troubles) == _MOST_TROUBLES:
                break
        else:
            pairs += made
            lines.extend([line] * len(made))
    if troubles:
        raise _refusal(file, troubles)
    if not pairs:
        raise PairingError(f"pair list {file!r} has no rows below its first line; name a content and a style in each")
    _refuse_collision(file, pairs, lines)
    return _ordered(pairs)


def _rows(file: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that has any, with the number of its first line."""
    table = csv.reader(TextIOWrapper(BytesIO(_read(file)), "utf-8-sig", newline=""), strict=True)
    line = 1
    try:
        for cells in table:
            if any(cells):
                yield line, cells
            line = table.line_num + 1
    except UnicodeDecodeError as error:
        raise PairingError(f"pair list {file!r} is not UTF-8 from line {line} on; save it as CSV in UTF-8") from error
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
    """The columns that the first row names."""
    names = [cell.strip() for cell in cells]
    remedy = "name content and style in its first line, a name and fields of the configuration as need be"
    for name in names:
        if name not in _COLUMNS:
            near = get_close_matches(name, _COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"{remedy}, with commas between them"
            raise PairingError(f"pair list {file!r} has the unknown column {name!r}; {hint}")
        if names.count(name) > 1:
            raise PairingError(f"pair list {file!r} has the column {name!r} twice; leave one out")
    for name in _PICTURES:
        if name not in names:
            raise PairingError(f"pair list {file!r} has no column {name!r}; {remedy}")
    return names


def _row(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise PairingError(f"{len(cells)} cells where there are {len(columns)} columns; quote cells that hold a comma")
    return dict(zip(columns, cells, strict=True))


def _refusal(file: str, troubles: Sequence[tuple[int, NightbrushError]]) -> PairingError:
    """One line for all that was found: the first in words, the others by their lines."""
    (line, error), *others = troubles
    count = f"at least {len(others)}" if len(troubles) == _MOST_TROUBLES else str(len(others))
    more = f" (and {count} more, in lines {', '.join(str(number) for number, _ in others)})" if others else ""
    return PairingError(f"pair list {file!r}, line {line}: {error}{more}")


def _refuse_collision(file: str, pairs: list[PairSpec], lines: Sequence[int]) -> None:
    if found := first_collision(pairs):
        one, other = (lines[index] for index in found)
        name = pairs[found[1]].name
        remedy = "give one of them another name in the column 'name'"
        raise PairingError(f"pair list {file!r}: lines {one} and {other} would both be written as {name!r}; {remedy}")


def _ordered(pairs: list[PairSpec]) -> tuple[PairSpec, ...]:
    """Backbones and overrides keep the file's order. In steps: one key for all four would be a tuple for each pair."""
    networks, settings = _ranks(pair.backbone for pair in pairs), _ranks(pair.overrides for pair in pairs)
    pairs.sort(key=attrgetter("content.key"))
    pairs.sort(key=attrgetter("style.key"))
    pairs.sort(key=lambda pair: settings[pair.overrides])
    pairs.sort(key=lambda pair: networks[pair.backbone])
    return tuple(pairs)


def _ranks(values: Iterable[Hashable]) -> dict[Hashable, int]:
    return {value: rank for rank, value in enumerate(dict.fromkeys(values))}
