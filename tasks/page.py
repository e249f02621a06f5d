"""The report: one self-contained HTML page that shows the pictures of a batch, then its figures."""

import base64
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

import matplotlib as mpl
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from tasks.manifest import ManifestRow
from tasks.summary import BatchSummary

MOST_PICTURES = 200
"""Pictures on a page, unless told otherwise."""

MOST_ROWS = 2000
"""Lines in a table of the page; the CSV file has them all."""

MOST_POINTS = 100
"""Points of one convergence curve."""

_UNUSED = re.compile(r'^.*?(?=<svg)| xmlns[:a-z]*="[^"]*"|<(metadata|style).*?</\1>|(?<=<g) id="[^"]*"', re.DOTALL)
"""What inline SVG does without: prologue, namespaces, dates, a rule that would reach the page, ids that repeat."""


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A picture of the batch as the page shows it.

    Attributes:
        row: the picture's row.
        result: thumbnail of the picture, a JPEG file's bytes; some 400 pixels on the long side are enough.
        content, style: thumbnails of its inputs, likewise; None where an input is no longer to be had.
            Equal bytes are embedded once, however many exhibits share them.
        history: records of the optimization as `TransferResult.history_rows` gives them.
    """

    row: ManifestRow
    result: bytes
    content: bytes | None = None
    style: bytes | None = None
    history: Sequence[Mapping[str, Any]] = ()


def rows_to_show(rows: Iterable[ManifestRow], most_pictures: int = MOST_PICTURES) -> tuple[ManifestRow, ...]:
    """The rows whose pictures the page should show: all that have one, or a sample spread evenly over the pairs.

    Rows of one pair stay together, backbone beside backbone; pairs come in the order of their names.
    """
    pairs: dict[str, list[ManifestRow]] = {}
    for row in sorted(BatchSummary(tuple(rows)).pictured, key=lambda row: row.pair):
        pairs.setdefault(row.pair, []).append(row)
    groups = list(pairs.values())
    wanted = math.ceil(most_pictures * len(groups) / max(1, most_pictures, sum(map(len, groups))))
    chosen = (groups[number * len(groups) // wanted] for number in range(wanted))
    return tuple(row for group in chosen for row in group)[:most_pictures]


def report_page(
    rows: Iterable[ManifestRow],
    exhibits: Iterable[Exhibit],
    *,
    title: str = "Nightbrush",
    most_pictures: int = MOST_PICTURES,
) -> bytes:
    """The page as a UTF-8 HTML file that loads nothing but what is in it.

    Its links lead to `<backbone>/<pair>.<suffix>`, `results.csv` and `backbones.csv` beside it. No more than
    `most_pictures` exhibits are taken from the iterable, so that a generator need not make the others.
    """
    summary = BatchSummary(tuple(rows))
    shown = tuple(islice(exhibits, most_pictures))
    sheet = _Sheet()
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            summary=summary,
            plates=[sheet.plate(exhibit) for exhibit in shown],
            images=sheet.images,
            charts=_charts(shown),
            backbones=summary.backbones.to_dict("records"),
            most_pictures=most_pictures,
            most_rows=MOST_ROWS,
        )
    )
    return page.encode("utf-8", "backslashreplace")


class _Sheet:
    """The contact sheet: names each distinct thumbnail, so that it is embedded once."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    @property
    def images(self) -> dict[str, str]:
        """Each thumbnail as base64, by the CSS class that paints it."""
        return {name: _base64(data) for data, name in self._names.items()}

    def plate(self, exhibit: Exhibit) -> dict[str, Any]:
        """What the template needs to hang one picture."""
        row = exhibit.row
        return {
            "row": row,
            "result": _base64(exhibit.result),
            "content": self._name(exhibit.content),
            "style": self._name(exhibit.style),
            "ratio": round(row.width / row.height, 4) if row.width and row.height else 1.0,
        }

    def _name(self, thumbnail: bytes | None) -> str | None:
        return None if thumbnail is None else self._names.setdefault(thumbnail, f"t{len(self._names)}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tasks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=_figure, duration=_duration, period=_period, stem=_stem, link=_link, encoded=_encoded
    )
    return environment


def _link(row: ManifestRow) -> str:
    """The picture's place beside the page."""
    return "./" + _encoded(f"{row.backbone}/{row.pair}{PurePosixPath(row.output).suffix}")


def _encoded(name: str) -> str:
    """A name as the path of a relative link, percent-encoded."""
    return quote(name, errors="surrogateescape")


def _stem(uri: str) -> str:
    """The name of a file without folders and suffix; Windows paths know both separators."""
    return PureWindowsPath(uri).stem


def _figure(value: float | None) -> str:
    """A number for a reader: three digits that count, thousands set apart, a dash for none."""
    if value is None or math.isnan(value):
        return "–"  # noqa: RUF001 - a dash is meant
    if abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.2e}"


def _duration(seconds: float | None) -> str:
    """Seconds for a reader, in the two largest units."""
    if seconds is None or math.isnan(seconds):
        return _figure(None)
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _period(period: tuple[pd.Timestamp, pd.Timestamp]) -> str:
    """Start and end for a reader, the day said twice only if it changed."""
    began, ended = (moment.floor("min") for moment in period)
    first = f"{began.day} {began:%B %Y, %H:%M}"
    last = f"{ended:%H:%M}" if began.date() == ended.date() else f"{ended.day} {ended:%B, %H:%M}"
    return f"{first} UTC" if began == ended else f"{first} to {last} UTC"


def _charts(exhibits: Iterable[Exhibit]) -> dict[str, dict[str, str]]:
    """Convergence charts by backbone and loss term; none where nothing was recorded that a log scale can show."""
    histories: dict[str, list[Sequence[Mapping[str, Any]]]] = {}
    for exhibit in exhibits:
        if len(exhibit.history) > 1:
            histories.setdefault(exhibit.row.backbone, []).append(exhibit.history)
    return {
        backbone: {
            term: _chart(curves, salt=f"{backbone!a} {term}")
            for term in ("total", "content", "style")
            if not (curves := _curves(found, term)).empty
        }
        for backbone, found in histories.items()
    }


def _curves(histories: Iterable[Sequence[Mapping[str, Any]]], term: str) -> pd.DataFrame:
    """One loss term by step (rows) and pair (columns), thinned; NaN for what was not read or has no logarithm."""
    points = [
        (number, record["step"], record[term])
        for number, history in enumerate(histories)
        for record in (*history[: -1 : math.ceil(len(history) / MOST_POINTS)], history[-1])
        if isinstance(record[term], float) and 0 < record[term] < math.inf
    ]
    frame = pd.DataFrame(points, columns=["pair", "step", "loss"])
    return frame.pivot_table(index="step", columns="pair", values="loss", aggfunc="last")


def _chart(curves: pd.DataFrame, salt: str) -> str:
    """The curves and their median on a log scale, as inline SVG in the page's own colours."""
    # Ids are salted, for they share a page; each hue stands for a variable of the page's style sheet.
    ink, faint, accent = "#010101", "#020202", "#030303"
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = figure.add_subplot(facecolor="none")
        for pair in curves:
            axes.plot(curves[pair].dropna(), color=ink, linewidth=0.7, alpha=0.35)
        axes.plot(curves.ffill().median(axis=1), color=accent, linewidth=1.8)
        _quiet(axes, faint)
        figure.savefig(text, format="svg", transparent=True)
    drawing = _UNUSED.sub("", text.getvalue())
    for hue, variable in ((ink, "--ink"), (faint, "--faint"), (accent, "--accent")):
        drawing = drawing.replace(hue, f"var({variable})")
    return drawing


def _quiet(axes: Any, hue: str) -> None:
    """Log scale, few labels, hairlines instead of a frame."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _figure(value)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10), integer=True))
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color=hue, linewidth=0.5, alpha=0.4)
    axes.tick_params(length=0, labelcolor=hue)
    axes.margins(x=0.01)
    axes.set_xlabel("step", color=hue)
