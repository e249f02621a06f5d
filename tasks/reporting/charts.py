"""Convergence charts: a loss by step, one line for each pair, and the median of the lines."""

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
    style_axes,
)

History: TypeAlias = Sequence[Mapping[str, Any]]
"""Records of an optimization as `TransferResult.history_rows` gives them."""

MOST_POINTS = 100
"""Points of one curve at most, besides its last one."""

_NOT_DRAWN = ("tv",)
"""Terms without a chart: the total variation of a picture says little of how good it is."""


def charts(histories: Iterable[tuple[str, History]]) -> dict[str, dict[str, str]]:
    """Charts by backbone and loss term, as inline SVG in the page's colours.

    A chart is absent if no positive, finite loss was recorded.

    Args:
        histories: pairs of a backbone and a history.
    """
    return {
        backbone: {
            term: inline_svg(_draw(curves, PAGE), salt=f"{backbone!a} {term}")
            for term in ("total", *TERMS)
            if term not in _NOT_DRAWN and not (curves := _curves(found, term)).empty
        }
        for backbone, found in _by_backbone(histories).items()
    }


def total_loss_pngs(histories: Iterable[tuple[str, History]]) -> dict[str, bytes]:
    """Charts of the total loss by backbone, each a PNG file's bytes, for a page whose colours are not known."""
    curves = {backbone: _curves(found, "total") for backbone, found in _by_backbone(histories).items()}
    return {backbone: png(_draw(found, WHITE)) for backbone, found in curves.items() if not found.empty}


def _by_backbone(histories: Iterable[tuple[str, History]]) -> dict[str, list[History]]:
    found: dict[str, list[History]] = {}
    for backbone, history in histories:
        if len(history) > 1:
            found.setdefault(backbone, []).append(history)
    return found


def _curves(histories: Iterable[History], term: str) -> pd.DataFrame:
    """One loss term by step (rows) and pair (columns), thinned; NaN for losses not recorded or without a logarithm."""
    points = [
        (number, record["step"], loss)
        for number, history in enumerate(histories)
        for record in (*history[: -1 : math.ceil(len(history) / MOST_POINTS)], history[-1])
        if isinstance(loss := record.get(term), float) and 0 < loss < math.inf
    ]
    frame = pd.DataFrame(points, columns=["pair", "step", "loss"])
    return frame.pivot_table(index="step", columns="pair", values="loss", aggfunc="last")


def _draw(curves: pd.DataFrame, palette: Palette) -> Figure:
    """Draw the curves in `ink` and their median in `accent`."""
    with lettering():
        drawn, axes = canvas(4.6, 2.7)
        for pair in curves:
            axes.plot(curves[pair].dropna(), color=palette.ink, linewidth=0.7, alpha=0.35)
        axes.plot(curves.ffill().median(axis=1), color=palette.accent, linewidth=1.8)
        axes.margins(x=0.01)
        log_scale(axes, "y")
        few_labels(axes, whole=True)
        style_axes(axes, palette.faint, "step")
    return drawn
