"""The work of a batch: one pair at a time, from the bytes of its inputs to its row."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from time import perf_counter
from typing import Any

from nst_engine import Status, TransferConfig, TransferResult, __version__
from nst_engine.errors import ImageError, NightbrushError
from nst_engine.images import Photograph, read_photograph
from nst_engine.weights import find_weights
from tasks.engines import engine, lock
from tasks.manifest import ManifestRow, Sidecar, fingerprint, finished, skipped_row, write_sidecar
from tasks.pairs import PairSpec
from tasks.storage import open_storage

_PACKAGES = ("keras", "nightbrush", "numpy", "pillow", "tensorflow")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the pairs of a batch share. Small and JSON-able: it travels through Prefect with each pair.

    Attributes:
        content, style, output: URIs of the storages.
        config: the configuration; a pair's own backbone replaces the one in it.
        run_id: the run's name in the rows; the flow sets it.
        device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.
    """

    content: str
    style: str
    output: str
    config: TransferConfig
    run_id: str = ""
    device: str | None = None


def stylize_pair(pair: PairSpec, job: Job) -> ManifestRow:
    """Make one picture and its sidecar, unless they are there already.

    Returns:
        The pair's row: completed, converged, skipped, or failed with the reason.

    Raises:
        NightbrushError: the job itself makes no sense, which `preflight` would have told.
    """
    task = _PairWork(pair, job)
    try:
        return task.done()
    except NightbrushError as error:
        return replace(task.row, status=Status.FAILED.value, error=str(error))
    except Exception as error:  # one bad pair costs one row, never the batch
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return replace(task.row, status=Status.FAILED.value, error=reason)


@dataclass
class _Seconds:
    """Wall seconds by phase."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, phase: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.spent[phase] = self.spent.get(phase, 0.0) + perf_counter() - started


class _PairWork:
    """One pair on its way; `row` holds what is known of it so far."""

    def __init__(self, pair: PairSpec, job: Job) -> None:
        self.pair, self.job = pair, job
        self.config = job.config.replace(backbone=pair.backbone)
        self.output = open_storage(job.output)
        self.contents, self.styles = open_storage(job.content), open_storage(job.style)
        self.seconds = _Seconds()
        self.row = ManifestRow(
            run_id=job.run_id,
            pair=pair.pair,
            content=self.contents.uri(pair.content),
            style=self.styles.uri(pair.style),
            output=self.output.uri(pair.picture_key(self.config.format)),
            backbone=pair.backbone,
            weights=self.config.weights,
            optimizer=self.config.optimizer,
            status=Status.FAILED.value,
            seed=self.config.seed,
            engine_version=__version__,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def done(self) -> ManifestRow:
        """The row, once the picture and its sidecar are written, or were found."""
        with self.seconds.of("read"):
            content, style = self.contents.read(self.pair.content), self.styles.read(self.pair.style)
            self._identify(content, style)
            sidecar = finished(self.output, self.pair, str(self.row.fingerprint), self.config.format)
            if sidecar is not None:
                return skipped_row(sidecar, self.row)
            pictures = _read(content, self.row.content), _read(style, self.row.style)
        result = self._stylize(*pictures)
        with self.seconds.of("write"):
            data = result.encode()
            self.output.write(self.pair.picture_key(self.config.format), data)
        self.row = replace(self.row, **_figures(result), **self._timings(), output_sha256=sha256(data).hexdigest())
        write_sidecar(self.output, self.pair.sidecar_key, self._sidecar(result))
        return self.row

    def _identify(self, content: bytes, style: bytes) -> None:
        hashes = sha256(content).hexdigest(), sha256(style).hexdigest()
        self.row = replace(self.row, content_sha256=hashes[0], style_sha256=hashes[1])
        identity = fingerprint(
            content_sha256=hashes[0],
            style_sha256=hashes[1],
            config=self.config,
            weights_sha256=find_weights(self.config).sha256,
            engine_version=__version__,
        )
        self.row = replace(self.row, fingerprint=identity)

    def _stylize(self, content: Photograph, style: Photograph) -> TransferResult:
        with lock(self.job.device), self.seconds.of("prepare"):
            result = engine(self.config, self.job.device).run(content, style)
        self.seconds.spent["prepare"] -= result.timings.optimize
        self.seconds.spent["optimize"] = result.timings.optimize
        return result

    def _timings(self) -> dict[str, Any]:
        spent = self.seconds.spent
        return {f"seconds_{phase}": seconds for phase, seconds in spent.items()} | {
            "seconds_total": sum(spent.values())
        }

    def _sidecar(self, result: TransferResult) -> Sidecar:
        versions = {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES}
        return Sidecar(
            row=self.row,
            config=self.config.to_dict(),
            weights_sha256=result.weights_sha256,
            history=tuple(result.history_rows()),
            versions=versions,
        )


def _read(data: bytes, uri: str) -> Photograph:
    try:
        return read_photograph(data)
    except ImageError as error:
        raise ImageError(f"{uri!r}: {error}") from error


def _figures(result: TransferResult) -> dict[str, Any]:
    """The cells of a row that the engine's result fills."""
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
        "content_loss": result.losses.content,
        "style_loss": result.losses.style,
        "tv_loss": result.losses.tv,
        "total_loss": result.losses.total,
        "initial_total_loss": result.history[0].total,
        "iterations_per_second": result.iterations / result.timings.optimize,
        "peak_memory_mb": result.peak_memory_mb,
    }
