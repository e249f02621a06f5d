"""Writes the three CSV files and the page of a comparison."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from nst_engine.transfer.result import Status
from tasks.comparison.page import comparison_page
from tasks.comparison.results import Comparison, Gallery, Judged
from tasks.records.csv_files import table_csv
from tasks.reporting.outputs import READERS
from tasks.reporting.report_page import MOST_PICTURES
from tasks.reporting.thumbnails import read_thumbnail
from tasks.storage import Storage, read_uri

COMPARISON, CURVES, REFEREES, PAGE = "comparison.csv", "curves.csv", "referees.csv", "comparison.html"

_SIDE = 640
"""Long side of the page's pictures, in pixels: enough to see details."""


def write_comparison(output: Storage, comparison: Comparison) -> Gallery:
    """Write `comparison.csv`, `curves.csv`, `referees.csv` and `comparison.html`; returns the page's pictures.

    Raises:
        StorageError: the output cannot be written.
    """
    output.write(COMPARISON, table_csv(comparison.results))
    output.write(CURVES, table_csv(comparison.curves))
    output.write(REFEREES, table_csv(comparison.crossed))
    found = gallery(output, comparison)
    output.write(PAGE, comparison_page(comparison, found))
    return found


def gallery(output: Storage, comparison: Comparison, most: int = MOST_PICTURES) -> Gallery:
    """The pictures of evenly spread pairs under all configurations: at most `most` results, but one pair at least."""
    room = max(1, most // len(comparison.variants))
    step = math.ceil(len(comparison.pairs) / room)
    pairs = set(comparison.pairs[::step])
    shown = [it for it in comparison.judged if it.trial.pair in pairs and it.row.status != Status.FAILED]
    firsts = {it.trial.pair: it.row for it in reversed(shown)}
    uris = dict.fromkeys(uri for row in firsts.values() for uri in (row.content, row.style))
    with ThreadPoolExecutor(READERS) as pool:
        results = pool.map(partial(_result, output), shown)
        inputs = dict(zip(uris, pool.map(_input, uris), strict=True))
        made = {(it.trial.pair, it.name): data for it, data in zip(shown, results, strict=True) if data}
    contents = {pair: data for pair, row in firsts.items() if (data := inputs[row.content])}
    styles = {pair: data for pair, row in firsts.items() if (data := inputs[row.style])}
    return Gallery(results=made, contents=contents, styles=styles)


def _result(output: Storage, judged: Judged) -> bytes | None:
    return read_thumbnail(partial(output.read, judged.row.picture_key), _SIDE)


def _input(uri: str) -> bytes | None:
    return read_thumbnail(partial(read_uri, uri), _SIDE)
