"""What a batch leaves in its output besides the pictures: two CSV files and the report, from rows and sidecars."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from nst_engine.errors import NightbrushError
from nst_engine.images import decode, thumbnail
from nst_engine.result import Status
from tasks.manifest import ManifestRow, Sidecar, read_sidecar, sidecars
from tasks.page import Exhibit, report_page, rows_to_show
from tasks.storage import Storage, read_uri
from tasks.summary import BatchSummary, backbones_csv, read_results, results_csv

RESULTS, BACKBONES, REPORT = "results.csv", "backbones.csv", "report.html"

_INPUT_SIDE, _RESULT_SIDE = 240, 480
"""Long sides of the report's thumbnails, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the output holds now.

    Attributes:
        summary: of all rows in `results.csv`.
        exhibits: pictures that the report shows.
        notes: what could not be taken into account, one line each.
    """

    summary: BatchSummary
    exhibits: tuple[Exhibit, ...]
    notes: tuple[str, ...]


def write_outcome(output: Storage, rows: Iterable[ManifestRow] | None = None) -> Outcome:
    """Write `results.csv`, `backbones.csv` and `report.html`.

    The rows are those of this run, then those of the other pictures in the output, from their sidecars.
    Without a run the files are rebuilt: a pair that failed has no sidecar, so its row is taken over from the
    `results.csv` that is there.

    Args:
        output: the batch's output.
        rows: rows of this run; None to rebuild.

    Raises:
        StorageError: the output cannot be read or written.
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
        for row in _failures_so_far(output, notes):
            known.setdefault((row.backbone, row.pair), row)
    summary = BatchSummary(tuple(known.values()))
    output.write(RESULTS, results_csv(summary.rows))
    output.write(BACKBONES, backbones_csv(summary.rows))
    exhibits = tuple(_exhibits(output, summary.rows))
    output.write(REPORT, report_page(summary.rows, exhibits))
    return Outcome(summary=summary, exhibits=exhibits, notes=tuple(notes))


def _failures_so_far(output: Storage, notes: list[str]) -> Iterator[ManifestRow]:
    if output.head(RESULTS) is None:
        return
    try:
        rows = read_results(output.read(RESULTS))
    except NightbrushError as error:
        notes.append(f"failures in {output.uri(RESULTS)!r} cannot be taken over: {error}")
        return
    yield from (row for row in rows if row.status == Status.FAILED)


def _exhibits(output: Storage, rows: Iterable[ManifestRow]) -> Iterator[Exhibit]:
    """The exhibits of the page, made one by one; rows whose picture is gone have none."""
    inputs: dict[str, bytes | None] = {}
    for row in rows_to_show(rows):
        key = f"{row.backbone}/{row.pair}"
        result = _thumbnail(partial(output.read, key + PurePosixPath(row.output).suffix), _RESULT_SIDE)
        if result is None:
            continue
        for uri in (row.content, row.style):
            if uri not in inputs:
                inputs[uri] = _thumbnail(partial(read_uri, uri), _INPUT_SIDE)
        content, style = inputs[row.content], inputs[row.style]
        yield Exhibit(row=row, result=result, content=content, style=style, history=_history(output, f"{key}.json"))


def _history(output: Storage, key: str) -> tuple[dict[str, Any], ...]:
    """The history in the sidecar under `key`; none where it is gone or damaged, which the notes say already."""
    try:
        sidecar = read_sidecar(output, key)
    except NightbrushError:
        return ()
    return sidecar.history if sidecar else ()


def _thumbnail(read: Callable[[], bytes], side: int) -> bytes | None:
    """A small JPEG of the picture whose bytes are read so, or None where there is no picture any more."""
    try:
        return thumbnail(decode(read()), side)
    except NightbrushError:
        return None
