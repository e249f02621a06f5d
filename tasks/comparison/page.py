"""The page of a comparison: a pair a row, a configuration a column, then charts and tables, in one HTML file."""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import Any

from nst_engine.judging.referee import Referee
from nst_engine.transfer.result import Status
from tasks.comparison.charts import Drawing, convergence, trade_offs
from tasks.comparison.results import Comparison, Gallery, Judged
from tasks.comparison.tables import MEASURES, SCORES, Table
from tasks.records.summary import table_records
from tasks.reporting.chart_style import PAGE, WHITE, inline_svg
from tasks.reporting.html import Thumbnails, as_base64, render_page
from tasks.reporting.report_page import MOST_PICTURES, aspect

_OWN_WORDS = ("configuration", *SCORES, *MEASURES, "total_loss", "evaluations")
_HEADS = {name: name.replace("_", " ").capitalize() for name in _OWN_WORDS} | {
    "structural_similarity": "SSIM",
    "seconds_optimize": "Seconds",
}


def comparison_page(comparison: Comparison, gallery: Gallery) -> bytes:
    """The page as a UTF-8 HTML file that loads nothing from outside.

    Its links lead to `<backbone>/<pair>.<suffix>`, to the CSV files and to `report.html`, all beside it. It shows the
    pairs with pictures in the gallery, and the pairs without any picture, with the reasons; at most `MOST_PICTURES`
    pairs and pictures.
    """
    thumbnails = Thumbnails()
    judge = comparison.referees[0]
    lines = [_line(judged, judge, gallery, thumbnails) for judged in _shown(comparison, gallery)]
    return render_page(
        "comparison.html.j2",
        title="Comparison",
        comparison=comparison,
        judge=judge,
        took_part=judge.took_part(variant.config for variant in comparison.variants),
        failed=sum(judged.row.status == Status.FAILED for judged in comparison.judged),
        lines=lines,
        images=thumbnails.images,
        hues=WHITE.hues,
        convergence=_by_group(convergence(comparison, PAGE)),
        trade_offs=[_chart(drawing) for drawing in trade_offs(comparison, PAGE)],
        tables=[_table(table) for table in comparison.tables if tells(table)],
        best=best(comparison),
    )


def best(comparison: Comparison) -> dict[str, Any] | None:
    """The line of the verdict with the lowest mean score; None where nothing was scored."""
    verdict = comparison.verdict.frame.dropna(subset="score")
    return next(iter(table_records(verdict)), None)


def tells(table: Table) -> bool:
    """True if the table has at least one figure."""
    return bool(table.frame.iloc[:, 1:].notna().any(axis=None))


def heading(column: str) -> str:
    """The name of a table's column for a reader."""
    return _HEADS.get(column, column)


def _shown(comparison: Comparison, gallery: Gallery) -> list[list[Judged]]:
    """The judged results of the pairs that the page shows, pair by pair."""
    pictured = {pair for pair, _ in gallery.results}
    found: dict[str, list[Judged]] = {pair: [] for pair in comparison.pairs}
    for judged in comparison.judged:
        found[judged.trial.pair].append(judged)
    shown = (
        judged
        for pair, judged in found.items()
        if pair in pictured or all(it.row.status == Status.FAILED for it in judged)
    )
    return list(islice(shown, MOST_PICTURES))


def _line(judged: Sequence[Judged], judge: Referee, gallery: Gallery, thumbnails: Thumbnails) -> dict[str, Any]:
    """The values that the template needs to show the pictures of one pair."""
    pair, row = judged[0].trial.pair, judged[0].row
    cells = [_cell(it, judge, gallery) for it in judged]
    scores = [cell["score"] for cell in cells if cell["score"] is not None]
    return {
        "content_name": row.content,
        "style_name": row.style,
        "ratio": next((ratio for it in judged if (ratio := aspect(it.row)) != 1), 1.0),
        "content": thumbnails.name(gallery.contents.get(pair)),
        "style": thumbnails.name(gallery.styles.get(pair)),
        "cells": cells,
        "lowest": min(scores, default=None),
    }


def _cell(judged: Judged, judge: Referee, gallery: Gallery) -> dict[str, Any]:
    """The values that the template needs to show one picture and the text under it."""
    distances = judged.distances.get(judge)
    picture = gallery.results.get((judged.trial.pair, judged.name))
    return {
        "row": judged.row,
        "name": judged.name,
        "picture": None if picture is None else as_base64(picture),
        "score": distances.score if distances else None,
        "style_distance": distances.style if distances else None,
        "content_distance": distances.content if distances else None,
        "similarity": judged.measures.structural_similarity if judged.measures else None,
    }


def _by_group(drawings: Iterable[Drawing]) -> list[tuple[str, list[dict[str, str]]]]:
    return [(about, list(map(_chart, group))) for about, group in groupby(drawings, key=lambda drawing: drawing.about)]


def _chart(drawing: Drawing) -> dict[str, str]:
    return {"title": drawing.title, "svg": inline_svg(drawing.draw(), salt=f"{drawing.about!a} {drawing.title}")}


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "note": table.note,
        "heads": [heading(str(column)) for column in table.frame.columns],
        "lines": [list(record.values()) for record in table_records(table.frame)],
    }
