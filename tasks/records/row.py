"""The row of a pair in `results.csv`."""

from dataclasses import MISSING, dataclass, fields
from pathlib import PurePosixPath
from typing import Any

from nst_engine.registry.losses import LOSS_NAMES
from nst_engine.transfer.result import TransferResult


@dataclass(frozen=True, kw_only=True)
class ManifestRow:
    """One row of `results.csv`, its columns in their order. None is an empty cell.

    Losses are unweighted terms, except the totals, which are the weighted sum that was optimized.
    Seconds are wall seconds without the wait for a device; `started_at` (UTC, ISO 8601) is `seconds_total` before the
    picture was written. `content`, `style` and `output` are URIs. A column that is new has a default, for the rows of
    earlier versions lack it.
    """

    run_id: str
    pair: str
    content: str
    style: str
    output: str
    backbone: str
    weights: str
    optimizer: str
    precision: str | None = None
    device: str | None = None
    width: int | None = None
    height: int | None = None
    iterations: int | None = None
    evaluations: int | None = None
    status: str
    stop_reason: str | None = None
    content_loss: float | None = None
    style_loss: float | None = None
    tv_loss: float | None = None
    total_loss: float | None = None
    initial_total_loss: float | None = None
    seconds_read: float | None = None
    seconds_prepare: float | None = None
    seconds_optimize: float | None = None
    seconds_write: float | None = None
    seconds_total: float | None = None
    iterations_per_second: float | None = None
    peak_memory_mb: float | None = None
    seed: int
    fingerprint: str | None = None
    content_sha256: str | None = None
    style_sha256: str | None = None
    output_sha256: str | None = None
    engine_version: str
    started_at: str
    error: str | None = None

    @property
    def key(self) -> str:
        """The key of the row's files in the output, without their suffixes."""
        return f"{self.backbone}/{self.pair}"

    @property
    def suffix(self) -> str:
        """The suffix of the row's picture; an earlier release may have written another format."""
        return PurePosixPath(self.output).suffix

    @property
    def picture_key(self) -> str:
        """The key of the row's picture in the output."""
        return f"{self.key}{self.suffix}"


def result_cells(result: TransferResult) -> dict[str, Any]:
    """The cells of a row that come from the engine's result."""
    width, height = result.size
    return {
        "precision": result.precision,
        "device": result.device,
        "width": width,
        "height": height,
        "iterations": result.iterations,
        "evaluations": result.evaluations,
        "status": result.status.value,
        "stop_reason": result.stop_reason,
        **{column: getattr(result.losses, name) for name, column in LOSS_COLUMNS.items()},
        "initial_total_loss": result.history[0].total,
        "iterations_per_second": result.iterations / result.timings.optimize,
        "peak_memory_mb": result.peak_memory_mb,
    }


def required_fields(owner: type) -> tuple[str, ...]:
    """The fields of a dataclass that have no default: every version has written them."""
    return tuple(field.name for field in fields(owner) if field.default is MISSING)


COLUMNS = tuple(field.name for field in fields(ManifestRow))
"""The columns of `results.csv`, in their order."""

LOSS_COLUMNS = {name: f"{name}_loss" for name in LOSS_NAMES}
"""Those of the losses at the end, by the loss."""
