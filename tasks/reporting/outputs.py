"""Writes the two CSV files and the report of a batch, from rows and sidecars."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from nst_engine.errors import NightbrushError
from nst_engine.transfer.result import Status
from tasks.records.csv_files import backbones_csv, read_results, results_csv
from tasks.records.row import ManifestRow
from tasks.records.sidecar import Sidecar, sidecars
from tasks.records.summary import BatchSummary
from tasks.reporting.report_page import Exhibit, report_page, rows_to_show
from tasks.reporting.thumbnails import Known, known_thumbnails, read_thumbnail
from tasks.storage import Storage, StorageError, read_uri

RESULTS, BACKBONES, REPORT = "results.csv", "backbones.csv", "report.html"

_INPUT_SIDE, _RESULT_SIDE = 240, 480
"""Long sides of the report's thumbnails, in pixels."""

READERS = 16
"""Files that are read at the same time."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The contents of the output after it was written.

    Attributes:
        summary: the summary of all rows in `results.csv`.
        exhibits: the pictures that the report shows.
        notes: a line for each file that could not be used.
    """

    summary: BatchSummary
    exhibits: tuple[Exhibit, ...]
    notes: tuple[str, ...]


def write_outputs(output: Storage, rows: Iterable[ManifestRow] | None = None) -> Outcome:
    """Write `results.csv`, `backbones.csv` and `report.html`.

    The rows are those of this run, then those of the other pictures in the output, from their sidecars.
    Without a run the files are rebuilt. Failed pairs have no sidecar, so their rows are taken from the existing
    `results.csv`, unless the picture was made since.

    Args:
        output: the batch's output.
        rows: rows of this run; None to rebuild.

    Raises:
        StorageError: the output cannot be read or written, or there is nothing in it to rebuild from.
    """
    notes: list[str] = []
    known = {(row.backbone, row.pair): row for row in rows or ()}
    if rows is not None:
        output.write(RESULTS, results_csv(known.values()))
    for sidecar in sidecars(output, known={f"{backbone}/{pair}.json" for backbone, pair in known}):
        if isinstance(sidecar, Sidecar):
            known.setdefault((sidecar.row.backbone, sidecar.row.pair), sidecar.row)
        else:
            notes.append(str(sidecar))
    if rows is None:
        if not known and output.head(RESULTS) is None:
            raise StorageError(f"{output.uri()!r} holds nothing of a batch; name a batch's output")
        for row in _earlier_failures(output, notes):
            made = known.get((row.backbone, row.pair))
            if made is None or row.started_at > made.started_at:
                known[row.backbone, row.pair] = row
    summary = BatchSummary(tuple(known.values()))
    output.write(RESULTS, results_csv(summary.rows))
    output.write(BACKBONES, backbones_csv(summary.rows))
    exhibits = tuple(_exhibits(output, summary.rows))
    output.write(REPORT, report_page(summary.rows, exhibits))
    return Outcome(summary=summary, exhibits=exhibits, notes=tuple(notes))


def _earlier_failures(output: Storage, notes: list[str]) -> Iterator[ManifestRow]:
    if output.head(RESULTS) is None:
        return
    try:
        rows = read_results(output.read(RESULTS))
    except NightbrushError as error:
        notes.append(f"failures in {output.uri(RESULTS)!r} cannot be taken over: {error}")
        return
    yield from (row for row in rows if row.status == Status.FAILED)


def _exhibits(output: Storage, rows: Iterable[ManifestRow]) -> Iterator[Exhibit]:
    """The exhibits of the page, read in parallel; a row whose picture is gone has none.

    Pictures that the last report shows are not read again.
    """
    shown = rows_to_show(rows)
    known = known_thumbnails(output, REPORT)
    inputs = {row.content: row.content_sha256 for row in shown} | {row.style: row.style_sha256 for row in shown}
    with ThreadPoolExecutor(READERS) as pool:  # each waits for its storage most of the time
        thumbnails = pool.map(partial(_input, known), inputs.keys(), inputs.values())
        results = pool.map(partial(_result, output, known), shown)
        ways = pool.map(partial(_sidecar, output), shown)
        small = dict(zip(inputs, thumbnails, strict=True))
        for row, result, sidecar in zip(shown, results, ways, strict=True):
            content, style = small[row.content], small[row.style]
            if result is not None:
                way: dict[str, Any] = {"history": sidecar.history, "config": sidecar.config} if sidecar else {}
                yield Exhibit(row=row, result=result, content=content, style=style, **way)


def _input(known: Known, uri: str, sha256: str | None) -> bytes | None:
    return known.get((sha256, _INPUT_SIDE)) or read_thumbnail(partial(read_uri, uri), _INPUT_SIDE)


def _result(output: Storage, known: Known, row: ManifestRow) -> bytes | None:
    if (found := known.get((row.output_sha256, _RESULT_SIDE))) and _is_there(output, row.picture_key):
        return found
    return read_thumbnail(partial(output.read, row.picture_key), _RESULT_SIDE)


def _is_there(output: Storage, key: str) -> bool:
    try:
        return output.head(key) is not None
    except StorageError:
        return False


def _sidecar(output: Storage, row: ManifestRow) -> Sidecar | None:
    """The row's sidecar, or None if it is gone or damaged, which the notes already say."""
    try:
        return Sidecar.from_json(output.read(f"{row.key}.json"))
    except NightbrushError:
        return None
