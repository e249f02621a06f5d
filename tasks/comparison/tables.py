"""The tables of a comparison, one for each question."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from nst_engine.config import TransferConfig
from nst_engine.judging.measures import Measures
from tasks.comparison.grid import Variant

if TYPE_CHECKING:
    from tasks.comparison.results import Comparison  # which keeps its tables, and so loads this module

SCORES = ("score", "style_distance", "content_distance")
"""What a referee says of a picture, as the tables name it."""

MEASURES = tuple(it.name for it in fields(Measures))
"""What is said of it without a network."""

MARKS = 10
"""Iterations at which the curves are read: recorded ones, spread as evenly as possible."""

_FIGURES = (*SCORES, *MEASURES)
_LAYERS = ("content_layers", "style_layers")

_INCOMPARABLE = "Losses of other networks, layers, formulations or weights are other quantities."
_EXPLAINED = (
    "Less is better for the score, which weighs the distance to the style and the distance to the content, and for the "
    "colours' distance to the style; structural similarity is 1 for the content itself."
)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that answers one question.

    Attributes:
        title: the question, in few words.
        note: what the reader has to know.
        frame: the answer; its first column is a text, the others are numbers, NaN for a missing number.
    """

    title: str
    note: str
    frame: pd.DataFrame


def tables(comparison: "Comparison") -> Iterator[Table]:
    """The judge's verdict first, then losses and seconds by iteration, and each field that was varied."""
    yield _verdict(comparison)
    yield _by_iteration(comparison, "Total loss by iteration", "total", _INCOMPARABLE)
    yield _by_iteration(comparison, "Seconds by iteration", "seconds", "Of the optimization alone.")
    for name in comparison.varied:
        yield from _by_field(comparison, name)
    if len(comparison.referees) > 1:
        yield _cross_table(comparison)


def _means(comparison: "Comparison", names: Iterable[str]) -> pd.DataFrame:
    """Means over the pairs of which every configuration has a picture, a configuration a row."""
    results = comparison.results.reindex(columns=["pair", "configuration", *names])
    return results[results["pair"].isin(comparison.complete)].groupby("configuration", sort=False)[list(names)].mean()


def _verdict(comparison: "Comparison") -> Table:
    note = f"Judged by {comparison.referees[0].name}. {_EXPLAINED} {_counted(comparison)}"
    frame = _means(comparison, (*_FIGURES, "seconds_optimize", "evaluations")).sort_values("score")
    return Table(title="Which configuration", note=note, frame=frame.reset_index())


def _by_iteration(comparison: "Comparison", title: str, term: str, note: str) -> Table:
    """A table of a loss, or of the seconds, at some iterations."""
    curves = comparison.curves[comparison.curves["pair"].isin(comparison.complete)]
    recorded = sorted({*curves["step"].tolist()} - {0})
    even = (recorded[-1] * mark / MARKS for mark in range(1, MARKS + 1)) if recorded else ()
    marks = sorted({min(recorded, key=lambda step: abs(step - wanted)) for wanted in even})
    rows = [
        {"configuration": name, **{str(mark): _reached(found, mark, term) for mark in marks}}
        for name, found in curves.groupby("configuration", sort=False)
    ]
    return Table(title=title, note=f"{note} {_counted(comparison)}", frame=pd.DataFrame(rows))


def _by_field(comparison: "Comparison", field: str) -> Iterator[Table]:
    """The effect of one field: a table for each group of configurations that differ in that field alone."""
    groups: dict[tuple[Any, ...], list[Variant]] = {}
    for variant in comparison.variants:
        groups.setdefault(_rest(variant.config, field), []).append(variant)
    means = _means(comparison, ("total_loss", *_FIGURES, "seconds_optimize"))
    for group in groups.values():
        if len(group) > 1:
            frame = means.reindex([variant.name for variant in group]).reset_index(drop=True)
            frame.insert(0, field, [str(cell(getattr(variant.config, field))) for variant in group])
            title = f"By {field}{_besides(comparison, group[0], field)}"
            yield Table(title=title, note=_counted(comparison), frame=frame)


def _besides(comparison: "Comparison", variant: Variant, field: str) -> str:
    """The values that a group shares and that set it apart from other groups."""
    names = [name for name in comparison.varied if name not in (*_LAYERS, *_as_one(field))]
    values = {name: getattr(variant.config, name) for name in names}
    told = (f"{name} {value}" for name, value in values.items() if value is not None)
    return "".join(f", {text.removeprefix('backbone ')}" for text in told)


def _cross_table(comparison: "Comparison") -> Table:
    crossed = comparison.crossed[comparison.crossed["pair"].isin(comparison.complete)]
    frame = crossed.pivot_table(index="configuration", columns="referee", values="score", aggfunc="mean", sort=False)
    note = f"The score that each network gives, those that took part among them. {_counted(comparison)}"
    return Table(title="Score by referee", note=note, frame=frame.reset_index())


def _counted(comparison: "Comparison") -> str:
    complete, count = len(comparison.complete), len(comparison.pairs)
    text = f"Means over {count} pairs" if count > 1 else "Of one pair"
    return f"{text}." if complete == count else f"Means over {complete} of {count} pairs: those that all have."


def _reached(curve: pd.DataFrame, mark: int, term: str) -> float:
    """The mean over pairs of the last value up to a step; NaN if all curves ended before that step."""
    if curve["step"].max() < mark:
        return math.nan
    return float(curve[curve["step"] <= mark].groupby("pair")[term].last().mean())


def _rest(config: TransferConfig, field: str) -> tuple[Any, ...]:
    """The values of all fields but one: equal for configurations that differ in that field alone."""
    return tuple(getattr(config, it.name) for it in fields(config) if it.name not in _as_one(field))


def _as_one(field: str) -> tuple[str, ...]:
    """A field and the fields that change with it: a backbone has its own weights."""
    return ("backbone", "weights") if field == "backbone" else (field,)


def cell(value: Any) -> Any:
    """The value of a field as a table has it."""
    return "+".join(value) if isinstance(value, tuple) else value
