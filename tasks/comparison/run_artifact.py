"""The digest of a comparison: a Markdown text for the run's history."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from nst_engine.transfer.result import Status
from tasks.comparison.charts import Drawing, convergence, trade_offs
from tasks.comparison.page import heading, tells
from tasks.comparison.results import Comparison, Gallery
from tasks.comparison.tables import Table
from tasks.records.summary import table_records
from tasks.reporting.chart_style import WHITE, png
from tasks.reporting.number_format import figure
from tasks.reporting.run_artifact import MOST_PICTURES, failures, image, line, paragraph, table, text, thumb, title

MOST_PAIRS, MOST_CHARTS, MOST_TABLES, MOST_LINES = 3, 8, 12, 30
"""Pairs with pictures, charts, tables, and lines of a table, at most: a server refuses a larger text."""


def comparison_digest(comparison: Comparison, gallery: Gallery, places: Iterable[str]) -> str:
    """The digest of a comparison as Markdown, with small pictures in it as data URIs.

    Args:
        comparison: the results of the comparison.
        gallery: pictures to choose from; at most `tasks.reporting.run_artifact.MOST_PICTURES` results are shown.
        places: URIs of the page and the tables.
    """
    verdict, others = comparison.verdict, list(filter(tells, comparison.tables[1:]))
    failed = [it for it in comparison.judged if it.row.status == Status.FAILED]
    parts = [
        *_warning(comparison),
        "\n".join(f"- `{place}`" for place in places),
        *_table(verdict),
        *_pictures(comparison, gallery, _ranked(verdict, gallery)),
        *_charts(comparison),
        *chain.from_iterable(map(_table, others[: MOST_TABLES - 1])),
        *_left_out(tables=len(others) + 1 - MOST_TABLES),
        *failures([(f"{it.trial.pair}, {it.name}", it.row) for it in failed], "comparison.csv"),
    ]
    return "\n\n".join(parts)


def _warning(comparison: Comparison) -> Iterator[str]:
    if comparison.untrained:
        names = text(", ".join(comparison.untrained))
        yield paragraph(f"<b>Random weights</b>: {names}. The figures of networks that were never trained rank little.")


def _left_out(**counts: int) -> Iterator[str]:
    if told := [f"{count} {what}" for what, count in counts.items() if count > 0]:
        yield f"and {' and '.join(told)} more on the page"


def _table(found: Table) -> Iterator[str]:
    if not tells(found):
        return
    yield title(found.title)
    yield paragraph(text(found.note))
    records = [list(map(_cell, record.values())) for record in table_records(found.frame.head(MOST_LINES))]
    yield table((text(heading(str(column))) for column in found.frame.columns), "".join(map(line, records)))
    if len(found.frame) > MOST_LINES:
        yield f"and {len(found.frame) - MOST_LINES} more, all of them in `comparison.csv`"


def _cell(value: Any) -> str:
    return text(value) if isinstance(value, str) else figure(value)


def _ranked(verdict: Table, gallery: Gallery) -> list[str]:
    """The configurations that have pictures, the best first."""
    pictured = dict.fromkeys(name for _, name in gallery.results)
    best_first = (name for name in verdict.frame["configuration"] if name in pictured)
    return list(dict.fromkeys((*best_first, *pictured)))


def _pictures(comparison: Comparison, gallery: Gallery, names: list[str]) -> Iterator[str]:
    """A contact sheet with a column per pair and a row per configuration, as many as the limits allow."""
    if not names:
        return
    pictured = {pair for pair, _ in gallery.results}
    room = min(max(1, MOST_PICTURES // len(names)), MOST_PAIRS)
    pairs = [pair for pair in comparison.pairs if pair in pictured][:room]
    shown = names[: MOST_PICTURES // len(pairs)]
    rows = [
        ("content", [gallery.contents.get(pair) for pair in pairs]),
        ("style", [gallery.styles.get(pair) for pair in pairs]),
        *((text(name), [gallery.results.get((pair, name)) for pair in pairs]) for name in shown),
    ]
    yield "## Pictures"
    yield table(("", *map(text, pairs)), "".join(line((name, *map(thumb, found))) for name, found in rows))
    yield from _left_out(configurations=len(names) - len(shown), pairs=len(pictured) - len(pairs))


def _charts(comparison: Comparison) -> Iterator[str]:
    drawings = [*trade_offs(comparison, WHITE), *convergence(comparison, WHITE)]
    if drawings:
        yield "## Charts"
        yield from map(_chart, drawings[:MOST_CHARTS])
        yield from _left_out(charts=len(drawings) - MOST_CHARTS)


def _chart(drawing: Drawing) -> str:
    about = f"{text(drawing.about)}: " if drawing.about else ""
    return paragraph(f"{about}{text(drawing.title)}<br>{image(png(drawing.draw()), 'png')}")
