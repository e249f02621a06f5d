"""What the engine returns: loss terms, records of the optimization, the result."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nst_engine.config import TransferConfig, releases
from nst_engine.images import encode, save
from nst_engine.images.reading import Origin
from nst_engine.registry.losses import LOSS_NAMES
from nst_engine.types import Picture
from nst_engine.version import __version__


class Status(StrEnum):
    """How a transfer, or a pair of a batch, ended."""

    COMPLETED = "completed"
    CONVERGED = "converged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class LossTerms:
    """Losses of one picture: the unweighted terms, and their weighted sum, which is optimized."""

    content: float
    style: float
    tv: float
    total: float

    @classmethod
    def from_vector(cls, losses: Iterable[float]) -> Self:
        """The losses of a vector that holds them in the order of `LOSS_NAMES`."""
        return cls(**dict(zip(LOSS_NAMES, map(float, losses), strict=True)))


@dataclass(frozen=True, kw_only=True)
class Record:
    """The losses at one step, an entry of the history.

    Attributes:
        step: steps before the losses were read; 0 is the initial picture.
        side: long side of the picture being optimized, in pixels.
        total: weighted sum of the terms, which is optimized.
        content, style, tv: unweighted loss terms.
        learning_rate: rate of the next step, in units of the 0..255 pixel range.
        seconds: wall time since the optimization began.
        content_weight, style_weight: weights of the terms in `total`; with `balance`, the style's changes.
        balance: gradient norm of the weighted style term, divided by that of the content term, as last measured; None
            if the configuration sets no balance.
        loss_scale: factor on the loss while its gradient was taken; 1 except in float16.
    """

    step: int
    side: int
    total: float
    content: float
    style: float
    tv: float
    learning_rate: float
    seconds: float
    content_weight: float
    style_weight: float
    balance: float | None = None
    loss_scale: float = 1.0

    @property
    def losses(self) -> LossTerms:
        """The loss terms of this record."""
        return LossTerms.from_vector(getattr(self, name) for name in LOSS_NAMES)


@dataclass(frozen=True, kw_only=True)
class Seconds:
    """Wall time of a transfer by phase, in seconds."""

    prepare: float
    optimize: float

    @property
    def total(self) -> float:
        """Preparation and optimization together."""
        return self.prepare + self.optimize


@dataclass(frozen=True, kw_only=True, eq=False)
class TransferResult:
    """A stylized picture and how it came about.

    Attributes:
        image: [height, width, 3], float32, sRGB in [0, 1].
        alpha: opacity that the content had, [height, width], float32 in [0, 1], or None.
        icc: ICC profile that the content had, or None.
        losses: the loss terms of `image`.
        history: records in the order of steps, the first before any step.
        status: `completed` or `converged`.
        stop_reason: why the optimization ended, in words.
        iterations: number of steps.
        evaluations: number of computations of the loss, with or without its gradient.
        timings: wall seconds of preparation and optimization.
        config: the configuration that made the picture.
        precision: the precision used; never `auto`.
        tile: side in pixels of the tiles that the gradient was taken in; None if the picture was taken whole.
        origins: origins of the pictures, by `content`, `style`, and the path of each file that the configuration names;
            None for a picture that was not read from a file.
        device: the device used, such as `CPU:0`.
        weights_sha256: hash of the backbone's weights.
        peak_memory_mb: peak memory in MB: of the GPU, or on a CPU of the process.
        notes: those of `Photograph`, of all pictures that were read, and of styles too small for their scale.
    """

    image: Picture
    alpha: npt.NDArray[np.float32] | None
    icc: bytes | None
    losses: LossTerms
    history: tuple[Record, ...]
    status: Status
    stop_reason: str
    iterations: int
    evaluations: int
    timings: Seconds
    config: TransferConfig
    precision: str
    tile: int | None
    origins: Mapping[str, Origin | None]
    device: str
    weights_sha256: str
    peak_memory_mb: float
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Wall seconds of the whole transfer."""
        return self.timings.total

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        height, width, _ = self.image.shape
        return width, height

    @property
    def provenance(self) -> dict[str, Any]:
        """How the picture came about, as plain values: the metadata in its file.

        The configuration is spelled out, for defaults may change.
        """
        release = releases.RELEASES[-1]
        origins = {role: None if origin is None else asdict(origin) for role, origin in self.origins.items()}
        return {
            "engine_version": __version__,
            "recipe": release.recipe_of(self.config),
            "config": release.spell_out(self.config),
            "content": origins.pop("content"),
            "style": origins.pop("style"),
            "files": origins,
            "weights_sha256": self.weights_sha256,
            "precision": self.precision,
            "tile": self.tile,
            "device": self.device,
            "iterations": self.iterations,
            "stop_reason": self.stop_reason,
            "losses": asdict(self.losses),
        }

    def encode(self) -> bytes:
        """The picture as a file's bytes, in the configuration's format and quality, with its metadata."""
        return encode(self.image, self.config.format, self.config.quality, **self._metadata())

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path`; its suffix decides the format.

        Raises:
            ImageError: the suffix names no known format, or the file cannot be written.
        """
        return save(self.image, path, self.config.quality, **self._metadata())

    def _metadata(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "icc": self.icc, "provenance": self.provenance}

    def history_rows(self) -> list[dict[str, Any]]:
        """The history as dictionaries of plain values, for JSON or a table."""
        return [asdict(record) for record in self.history]
