"""Convergence charts: a loss over the steps of each pair, and the median of them."""

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from tasks.words import figure

History: TypeAlias = Sequence[Mapping[str, Any]]
"""Records of an optimization as `TransferResult.history_rows` gives them."""

MOST_POINTS = 100
"""Points of one curve."""

_UNUSED = re.compile(r'^.*?(?=<svg)| xmlns[:a-z]*="[^"]*"|<(metadata|style).*?</\1>|(?<=<g) id="[^"]*"', re.DOTALL)
"""What inline SVG does without: prologue, namespaces, dates, a rule that would reach the page, ids that repeat."""

_DOTS_PER_INCH = 110


def charts(told: Iterable[tuple[str, History]]) -> dict[str, dict[str, str]]:
    """Charts by backbone and loss term, as inline SVG in a page's own colours.

    There is none where nothing was recorded that a log scale can show.

    Args:
        told: backbones, each with a history.
    """
    return {
        backbone: {
            term: _svg(curves, salt=f"{backbone!a} {term}")
            for term in ("total", "content", "style")
            if not (curves := _curves(found, term)).empty
        }
        for backbone, found in _by_backbone(told).items()
    }


def pictures_of_totals(told: Iterable[tuple[str, History]]) -> dict[str, bytes]:
    """Charts of the total loss by backbone, each a PNG file's bytes, for a page whose colours are not known."""
    curves = {backbone: _curves(found, "total") for backbone, found in _by_backbone(told).items()}
    return {backbone: _png(found) for backbone, found in curves.items() if not found.empty}


def _by_backbone(told: Iterable[tuple[str, History]]) -> dict[str, list[History]]:
    histories: dict[str, list[History]] = {}
    for backbone, history in told:
        if len(history) > 1:
            histories.setdefault(backbone, []).append(history)
    return histories


def _curves(histories: Iterable[History], term: str) -> pd.DataFrame:
    """One loss term by step (rows) and pair (columns), thinned; NaN for what was not read or has no logarithm."""
    points = [
        (number, record["step"], record[term])
        for number, history in enumerate(histories)
        for record in (*history[: -1 : math.ceil(len(history) / MOST_POINTS)], history[-1])
        if isinstance(record[term], float) and 0 < record[term] < math.inf
    ]
    frame = pd.DataFrame(points, columns=["pair", "step", "loss"])
    return frame.pivot_table(index="step", columns="pair", values="loss", aggfunc="last")


def _svg(curves: pd.DataFrame, salt: str) -> str:
    # Ids are salted, for they share a page; each hue stands for a variable of the page's style sheet.
    ink, faint, accent = "#010101", "#020202", "#030303"
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        _drawn(curves, ink, faint, accent).savefig(text, format="svg", transparent=True)
    drawing = _UNUSED.sub("", text.getvalue())
    for hue, variable in ((ink, "--ink"), (faint, "--faint"), (accent, "--accent")):
        drawing = drawing.replace(hue, f"var({variable})")
    return drawing


def _png(curves: pd.DataFrame) -> bytes:
    data = io.BytesIO()
    _drawn(curves, "#556677", "#667788", "#cc5533").savefig(data, format="png", facecolor="white", dpi=_DOTS_PER_INCH)
    return data.getvalue()


def _drawn(curves: pd.DataFrame, ink: str, faint: str, accent: str) -> Figure:
    """The curves in `ink`, their median in `accent`, the rest in `faint`."""
    with mpl.rc_context({"font.family": "sans-serif", "font.size": 9}):
        drawn = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = drawn.add_subplot(facecolor="none")
        for pair in curves:
            axes.plot(curves[pair].dropna(), color=ink, linewidth=0.7, alpha=0.35)
        axes.plot(curves.ffill().median(axis=1), color=accent, linewidth=1.8)
        _quiet(axes, faint)
    return drawn


def _quiet(axes: Any, hue: str) -> None:
    """Log scale, few labels, hairlines instead of a frame."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: figure(value)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10), integer=True))
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color=hue, linewidth=0.5, alpha=0.4)
    axes.tick_params(length=0, labelcolor=hue)
    axes.margins(x=0.01)
    axes.set_xlabel("step", color=hue)
