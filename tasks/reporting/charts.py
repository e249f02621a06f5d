"""Convergence charts: a loss by step, one line for each pair, and the median of the lines."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
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
            term: inline_svg(_draw(curves, PAGE, _new_sizes(found)), salt=f"{backbone!a} {term}")
            for term in ("total", *TERMS)
            if term not in _NOT_DRAWN and not (curves := _curves(found, term)).empty
        }
        for backbone, found in _by_backbone(histories).items()
    }


def total_loss_pngs(histories: Iterable[tuple[str, History]]) -> dict[str, bytes]:
    """Charts of the total loss by backbone, each a PNG file's bytes, for a page whose colours are not known."""
    return {
        backbone: png(_draw(curves, WHITE, _new_sizes(found)))
        for backbone, found in _by_backbone(histories).items()
        if not (curves := _curves(found, "total")).empty
    }


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


def _new_sizes(histories: Sequence[History]) -> list[int]:
    """The steps at which more than half of the transfers go on at a new size, in their order."""
    begun = Counter(
        after["step"]
        for history in histories
        for before, after in pairwise(history)
        if before.get("side") != after.get("side")
    )
    return sorted(step for step, count in begun.items() if 2 * count > len(histories))


def _draw(curves: pd.DataFrame, palette: Palette, new_sizes: Iterable[int]) -> Figure:
    """Draw the curves in `ink`, their median in `accent`, and a dotted line where a new size begins."""
    with lettering():
        drawn, axes = canvas(4.6, 2.7)
        for pair in curves:
            axes.plot(curves[pair].dropna(), color=palette.ink, linewidth=0.7, alpha=0.35)
        axes.plot(curves.ffill().median(axis=1), color=palette.accent, linewidth=1.8)
        for step in new_sizes:
            axes.axvline(step, color=palette.faint, linewidth=0.8, linestyle=":")
        axes.margins(x=0.01)
        log_scale(axes, "y")
        few_labels(axes, whole=True)
        style_axes(axes, palette.faint, "step")
    return drawn
