"""The summary of a batch: counts by status, and a table of its backbones."""

from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from nst_engine.transfer.result import Status
from tasks.records.row import COLUMNS, LOSS_COLUMNS, ManifestRow

BACKBONE_COLUMNS = (
    *("backbone", "pairs", "completed", "failed", "skipped", "median_seconds", "p95_seconds"),
    *(*LOSS_COLUMNS.values(), "iterations_per_second"),
)
"""The columns of `backbones.csv`, in their order."""


@dataclass(frozen=True)
class BatchSummary:
    """The rows of a batch, and figures over them.

    A row has a picture unless it failed. A skipped row carries the figures of the earlier run that made
    its picture: it counts for losses and speed, not for the period of this batch.
    """

    rows: tuple[ManifestRow, ...]

    @cached_property
    def counts(self) -> dict[Status, int]:
        """Number of rows by status; a status without rows is there with 0."""
        found = Counter(row.status for row in self.rows)
        return {status: found[status] for status in Status}

    @property
    def failures(self) -> tuple[ManifestRow, ...]:
        """The rows without a picture."""
        return tuple(row for row in self.rows if row.status == Status.FAILED)

    @property
    def with_picture(self) -> tuple[ManifestRow, ...]:
        """The rows with a picture."""
        return tuple(row for row in self.rows if row.status != Status.FAILED)

    @cached_property
    def period(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """Start of the first pair and end of the last, UTC; None if no row has a time.

        Skipped rows count only if there are no others.
        """
        fresh = [row for row in self.rows if row.status != Status.SKIPPED] or self.rows
        began = pd.to_datetime([row.started_at for row in fresh], utc=True, format="ISO8601", errors="coerce")
        ended = began + pd.to_timedelta([row.seconds_total or 0.0 for row in fresh], unit="s")
        return (began.min(), ended.max()) if began.notna().any() else None

    @cached_property
    def backbones(self) -> pd.DataFrame:
        """One row per backbone in order of appearance, with the columns `BACKBONE_COLUMNS`.

        `completed` counts converged rows too. Seconds (median, 95th percentile with linear interpolation),
        losses and iterations per second (means) are over the rows with a picture; NaN if there are none.
        """
        frame = pd.DataFrame(map(asdict, self.rows), columns=list(COLUMNS))
        groups = frame.groupby("backbone", sort=False)
        return pd.DataFrame([_backbone(name, group) for name, group in groups], columns=list(BACKBONE_COLUMNS))

    @property
    def table(self) -> list[dict[str, Any]]:
        """`backbones` as plain values, one dictionary per backbone; None for what is not a number."""
        return table_records(self.backbones)


def _backbone(name: Any, group: pd.DataFrame) -> dict[str, Any]:
    counts = Counter(group["status"])
    figures = ["seconds_total", *LOSS_COLUMNS.values(), "iterations_per_second"]
    made = group.loc[group["status"] != Status.FAILED, figures].astype(float)
    return {
        "backbone": name,
        "pairs": len(group),
        "completed": counts[Status.COMPLETED] + counts[Status.CONVERGED],
        "failed": counts[Status.FAILED],
        "skipped": counts[Status.SKIPPED],
        "median_seconds": made["seconds_total"].median(),
        "p95_seconds": made["seconds_total"].quantile(0.95),
        **made[figures[1:]].mean(),
    }


def table_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as plain values, one dictionary per row; None for what is not a number."""
    records = table.to_dict("records")
    return [{str(name): None if pd.isna(value) else value for name, value in record.items()} for record in records]
