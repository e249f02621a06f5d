"""Charts of a comparison: losses by step and by second, and scores by seconds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from nst_engine.config import TransferConfig
from nst_engine.registry.losses import WEIGHT_FIELDS
from tasks.comparison.grid import Variant
from tasks.comparison.results import Comparison
from tasks.comparison.tables import cell
from tasks.reporting.chart_labels import label_ends, label_points, labels, shorten
from tasks.reporting.chart_style import Palette, canvas, few_labels, lettering, log_scale, style_axes
from tasks.reporting.charts import MOST_POINTS

_WIDTH, _HEIGHT = 5.0, 3.2
_HEIGHT_OF_A_LINE = 0.17
"""Inches."""

_DASHES = ("-", "--", ":")
"""Line styles that tell lines apart if there are more lines than hues."""

_WAYS = (
    *("optimizer", "learning_rate", "schedule", "iterations", "tolerance", "time_limit", "precision", "jit", "init"),
    *("levels", "tile", "record_every", "snapshot_every", "format", "quality", "deterministic"),
)
"""Fields that change how an objective is minimized, not the objective."""

_RESOLVED = ("content_layers", "style_layers", *WEIGHT_FIELDS, "smoothing")
"""Fields whose None stands for a default that depends on other fields."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A chart.

    Attributes:
        about: the configurations that it shows, in few words; empty where it shows all.
        title: what it shows.
        draw: makes the chart.
    """

    about: str
    title: str
    draw: Callable[[], Figure]


def convergence(comparison: Comparison, palette: Palette) -> Iterator[Drawing]:
    """The total loss by step, then by second, for each group of configurations whose losses can be compared.

    A line is the median over the pairs of which every configuration has a picture.
    """
    for about, group in _groups(comparison):
        curves = {variant.name: _median(comparison, variant.name) for variant in group}
        if found := {name: curve for name, curve in curves.items() if len(curve) > 1}:
            for unit in ("step", "seconds"):
                yield Drawing(about=about, title=f"Total loss by {unit}", draw=partial(_lines, found, unit, palette))


def trade_offs(comparison: Comparison, palette: Palette) -> Iterator[Drawing]:
    """The score against the seconds of optimization, and the distance to the style against the distance to the content.

    A point is the mean of a configuration over the pairs of which every configuration has a picture.
    """
    means = comparison.verdict.frame.set_index("configuration")
    means.columns = means.columns.str.replace("_", " ").str.replace("seconds optimize", "seconds of optimization")
    for across, upwards in (("seconds of optimization", "score"), ("content distance", "style distance")):
        points = means[[across, upwards]].astype(float)
        points = points[(points > 0).all(axis=1)]
        if len(points):
            title = f"{upwards} by {across}".capitalize()
            yield Drawing(about="", title=title, draw=partial(_points, points, palette))


def front(points: pd.DataFrame) -> pd.DataFrame:
    """The points that no other point beats in one of two columns without being worse in the other; less is better.

    They are sorted by the first column.
    """
    across, upwards = points.columns
    ordered = points.sort_values([across, upwards])
    return ordered[ordered[upwards] < ordered[upwards].cummin().shift().fillna(float("inf"))]


def _groups(comparison: Comparison) -> Iterator[tuple[str, list[Variant]]]:
    """Groups of configurations with the same objective, each with a description of the objective."""
    groups: dict[tuple[Any, ...], list[Variant]] = {}
    for variant in comparison.variants:
        groups.setdefault(_objective(variant.config), []).append(variant)
    for group in groups.values():
        yield _about(comparison, group[0].config), group


def _objective(config: TransferConfig) -> tuple[Any, ...]:
    """A key of the objective: equal for configurations whose total losses can be compared."""
    default = TransferConfig()
    same = {name: getattr(default, name) for name in (*_WAYS, *_RESOLVED)}
    seed = config.seed if config.weights == "random" else default.seed
    layers = (tuple(found.items()) for found in (config.content_layer_weights, config.style_layer_weights))
    smoothing = config.smoothing or config.spec.smoothing
    return config.replace(**same, seed=seed), *layers, config.loss_weights, smoothing


def _about(comparison: Comparison, config: TransferConfig) -> str:
    seed = () if config.weights == "random" else ("seed",)
    names = [name for name in comparison.varied if name not in (*_WAYS, *seed, "backbone")]
    values = {name: str(cell(getattr(config, name))) for name in names if getattr(config, name) is not None}
    return " ".join((config.backbone, *(f"{name}={shorten(value)}" for name, value in values.items())))


def _median(comparison: Comparison, name: str) -> pd.DataFrame:
    """Steps, seconds and total losses of a configuration, thinned; a curve that ended keeps its last value."""
    curves = comparison.curves
    own = curves[(curves["configuration"] == name) & curves["pair"].isin(comparison.complete) & (curves["total"] > 0)]
    by_pair = {term: own.pivot_table(index="step", columns="pair", values=term) for term in ("seconds", "total")}
    found = pd.DataFrame({term: frame.ffill().median(axis=1) for term, frame in by_pair.items()})
    last = len(found) - 1
    kept = sorted({*range(0, len(found), last // MOST_POINTS + 1), max(last, 0)}) if len(found) else []
    return found.iloc[kept].reset_index(names="step")


def _lines(curves: Mapping[str, pd.DataFrame], unit: str, palette: Palette) -> Figure:
    with lettering():
        drawn, axes = canvas(_WIDTH, max(_HEIGHT, _HEIGHT_OF_A_LINE * (len(curves) + 4)))
        lines = []
        for number, curve in enumerate(curves.values()):
            dash, hue = divmod(number, len(palette.hues))
            how = {"color": palette.hues[hue], "linestyle": _DASHES[dash % len(_DASHES)]}
            lines += axes.plot(curve[unit], curve["total"], linewidth=1.5, **how)
        axes.margins(x=0.01)
        log_scale(axes, "y")
        few_labels(axes, whole=unit == "step")
        style_axes(axes, palette.faint, unit)
        label_ends(axes, dict(zip(labels(list(curves)), lines, strict=True)))
    return drawn


def _points(points: pd.DataFrame, palette: Palette) -> Figure:
    """Draw the points with their names, those of the front filled and joined by a stepped line."""
    with lettering():
        drawn, axes = canvas(_WIDTH, _HEIGHT)
        best = front(points)
        axes.plot(*points.to_numpy().T, "o", color=palette.ink, markerfacecolor="none", markersize=5)
        axes.margins(0.15)
        log_scale(axes, "x")
        log_scale(axes, "y")
        style_axes(axes, palette.faint, *points.columns)
        _stepped(axes, best, palette)
        axes.plot(*best.to_numpy().T, "o", color=palette.accent, markersize=5.5)
        label_points(axes, dict(zip(labels(list(points.index)), points.to_numpy(), strict=True)), palette)
    return drawn


def _stepped(axes: Any, best: pd.DataFrame, palette: Palette) -> None:
    """Draw the front as a stepped line: from the top down to the first point, and from the last one to the right."""
    (low, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across, upwards = best.to_numpy().T
    axes.plot([*across.repeat(2), right], [top, *upwards.repeat(2)], color=palette.accent, linewidth=1)
    axes.set(xlim=(low, right), ylim=(bottom, top))
