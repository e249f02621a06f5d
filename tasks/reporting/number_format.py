"""Numbers, durations, times and statuses in a form for readers."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nst_engine.transfer.result import Status

if TYPE_CHECKING:
    import pandas as pd


def figure(value: float | None) -> str:
    """A number for readers: three significant digits, or thousands with separators; a dash for None and NaN."""
    if value is None or math.isnan(value):
        return "–"  # noqa: RUF001 - a dash is meant
    if abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.2e}"


def round_figures(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a table, their floats rounded to four significant digits."""
    return [{name: _four_digits(value) for name, value in record.items()} for record in records]


def _four_digits(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def duration(seconds: float | None) -> str:
    """Seconds for readers, in the two largest units."""
    if seconds is None or math.isnan(seconds):
        return figure(None)
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def period(moments: "tuple[pd.Timestamp, pd.Timestamp]") -> str:
    """Start and end for readers; the day of the end is named only if it differs."""
    began, ended = (moment.floor("min") for moment in moments)
    first = f"{began.day} {began:%B %Y, %H:%M}"
    last = f"{ended:%H:%M}" if began.date() == ended.date() else f"{ended.day} {ended:%B, %H:%M}"
    return f"{first} UTC" if began == ended else f"{first} to {last} UTC"


def status_word(status: str) -> str:
    """A status for readers: a skipped pair has its picture from an earlier run."""
    return "already made" if status == Status.SKIPPED else status
