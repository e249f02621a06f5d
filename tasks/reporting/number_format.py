"""Figures, durations and times as a reader wants them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd


def figure(value: float | None) -> str:
    """A number for a reader: three digits that count, thousands set apart, a dash for none."""
    if value is None or math.isnan(value):
        return "–"  # noqa: RUF001 - a dash is meant
    if abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.2e}"


def brief(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a table with four digits of each figure that count."""
    return [{name: _four_digits(value) for name, value in record.items()} for record in records]


def _four_digits(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def duration(seconds: float | None) -> str:
    """Seconds for a reader, in the two largest units."""
    if seconds is None or math.isnan(seconds):
        return figure(None)
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def period(moments: tuple[pd.Timestamp, pd.Timestamp]) -> str:
    """Start and end for a reader, the day said twice only if it changed."""
    began, ended = (moment.floor("min") for moment in moments)
    first = f"{began.day} {began:%B %Y, %H:%M}"
    last = f"{ended:%H:%M}" if began.date() == ended.date() else f"{ended.day} {ended:%B, %H:%M}"
    return f"{first} UTC" if began == ended else f"{first} to {last} UTC"
