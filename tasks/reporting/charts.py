"""Convergence charts: a loss over the steps of each pair, and the median of them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd
from matplotlib.figure import Figure

from nst_engine.registry.losses import TERMS
from tasks.reporting.chart_style import (
    PAGE,
    WHITE,
    Palette,
    canvas,
    few_labels,
    inline_svg,
    lettering,
    log_scale,
    png,
    quiet,
)

History: TypeAlias = Sequence[Mapping[str, Any]]
"""Records of an optimization as `TransferResult.history_rows` gives them."""

MOST_POINTS = 100
"""Points of one curve."""

_NOT_DRAWN = ("tv",)
"""Terms without a chart: the total variation of a picture says little of how good it is."""


def charts(told: Iterable[tuple[str, History]]) -> dict[str, dict[str, str]]:
    """Charts by backbone and loss term, as inline SVG in a page's own colours.

    There is none where nothing was recorded that a log scale can show.

    Args:
        told: backbones, each with a history.
    """
    return {
        backbone: {
            term: inline_svg(_drawn(curves, PAGE), salt=f"{backbone!a} {term}")
            for term in ("total", *TERMS)
            if term not in _NOT_DRAWN and not (curves := _curves(found, term)).empty
        }
        for backbone, found in _by_backbone(told).items()
    }


def pictures_of_totals(told: Iterable[tuple[str, History]]) -> dict[str, bytes]:
    """Charts of the total loss by backbone, each a PNG file's bytes, for a page whose colours are not known."""
    curves = {backbone: _curves(found, "total") for backbone, found in _by_backbone(told).items()}
    return {backbone: png(_drawn(found, WHITE)) for backbone, found in curves.items() if not found.empty}


def _by_backbone(told: Iterable[tuple[str, History]]) -> dict[str, list[History]]:
    histories: dict[str, list[History]] = {}
    for backbone, history in told:
        if len(history) > 1:
            histories.setdefault(backbone, []).append(history)
    return histories


def _curves(histories: Iterable[History], term: str) -> pd.DataFrame:
    """One loss term by step (rows) and pair (columns), thinned; NaN for what was not read or has no logarithm."""
    points = [
        (number, record["step"], loss)
        for number, history in enumerate(histories)
        for record in (*history[: -1 : math.ceil(len(history) / MOST_POINTS)], history[-1])
        if isinstance(loss := record.get(term), float) and 0 < loss < math.inf
    ]
    frame = pd.DataFrame(points, columns=["pair", "step", "loss"])
    return frame.pivot_table(index="step", columns="pair", values="loss", aggfunc="last")


def _drawn(curves: pd.DataFrame, palette: Palette) -> Figure:
    """The curves in ink, their median in what stands out."""
    with lettering():
        drawn, axes = canvas(4.6, 2.7)
        for pair in curves:
            axes.plot(curves[pair].dropna(), color=palette.ink, linewidth=0.7, alpha=0.35)
        axes.plot(curves.ffill().median(axis=1), color=palette.accent, linewidth=1.8)
        axes.margins(x=0.01)
        log_scale(axes, "y")
        few_labels(axes, whole=True)
        quiet(axes, palette.faint, "step")
    return drawn
