"""Makes the result of one pair, from the bytes of its inputs to its row."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from nst_engine import Status, TransferResult, __version__
from nst_engine.config import releases
from nst_engine.errors import ImageError, NightbrushError, PainterError
from nst_engine.images import Photograph, read_photograph
from tasks.interruption import raise_if_interrupted
from tasks.local_state import checkpoints, outbox, unsaved
from tasks.local_state.outbox import UnwrittenPicture
from tasks.making.deliverable import require_names, require_size
from tasks.making.engines import engine, free_device
from tasks.making.locks import alone
from tasks.making.observer import Log, TransferObserver
from tasks.making.painters import PainterSpec, learn_painter
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.records.existing import find_sidecar, is_finished, rename, skipped_row
from tasks.records.fingerprint import Identity, identify
from tasks.records.row import ManifestRow, result_cells
from tasks.records.sidecar import Sidecar, write_sidecar
from tasks.storage import Entry, StorageError, open_storage

if TYPE_CHECKING:
    from nst_engine import Painter

_PACKAGES = ("keras", "nightbrush", "numpy", "pillow", "tensorflow")


def _ignore_line(_line: str) -> None:
    """Drop a line of a log that nobody reads."""


def stylize_pair(pair: PairSpec, job: Job, log: Log = _ignore_line) -> ManifestRow:
    """Make the picture of a pair and its sidecar, unless the output has them already.

    Args:
        pair: the pair to make.
        job: the settings that the pairs of the batch share.
        log: takes a line about the progress every few seconds.

    Returns:
        The pair's row: completed, converged, skipped, or failed with the reason.

    Raises:
        NightbrushError: the job is not valid; `preflight` finds that beforehand.
    """
    work = _PairWork(pair, job, log)
    try:
        raise_if_interrupted()
        return work.run()
    except NightbrushError as error:
        return replace(work.row, status=Status.FAILED.value, error=str(error))
    except Exception as error:  # one bad pair costs one row, never the batch
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return replace(work.row, status=Status.FAILED.value, error=reason)


def failed_row(pair: PairSpec, job: Job, reason: str) -> ManifestRow:
    """The row of a failed pair of which nothing is known but the reason."""
    return replace(_PairWork(pair, job).row, error=reason)


class _PairWork:
    """The work on one pair; `row` fills as it proceeds."""

    def __init__(self, pair: PairSpec, job: Job, log: Log = _ignore_line) -> None:
        self.pair, self.job, self.log = pair, job, log
        self.config = pair.own_config(job.config)
        self.output = open_storage(job.output)
        self.contents, self.styles = open_storage(job.content), open_storage(job.style)
        self.files: tuple[bytes, bytes] | None = None
        self.seconds = PhaseTimer()
        self.row = ManifestRow(
            run_id=job.run_id,
            pair=pair.pair,
            content=self.contents.uri(pair.content.key),
            style=self.styles.uri(pair.style.key),
            output=self.output.uri(pair.picture_key(self.config.format)),
            backbone=pair.backbone,
            weights=self.config.weights,
            optimizer=self.config.optimizer,
            status=Status.FAILED.value,
            seed=self.config.seed,
            engine_version=__version__,
            started_at=_utc_text(datetime.now(UTC)),
        )

    def run(self) -> ManifestRow:
        """Make the result, or find it, perhaps just written by another run; returns its row."""
        with alone(self.row.output):
            return self._find_or_make()

    def _find_or_make(self) -> ManifestRow:
        with self.seconds.measure("read"):
            sidecar = find_sidecar(self.output, self.pair)
            identity = identify(self.config, *self._input_hashes(sidecar))
            fingerprint = self._note(identity)
            if sidecar is not None and is_finished(self.output, self.pair, sidecar, identity, self.job.keep_older):
                return skipped_row(sidecar, self.row)
            if (unwritten := outbox.load(fingerprint)) is not None:
                return self._deliver(fingerprint, unwritten)
            require_names(self.pair, self.config, self.output)
            content, style = self._read_inputs()
            pictures = read_photograph(content, self.row.content), read_photograph(style, self.row.style)
            require_size(self.config, pictures[0])
        return self._deliver(fingerprint, self._make(fingerprint, *pictures))

    def _read_inputs(self) -> tuple[bytes, bytes]:
        """The bytes of the content and the style, read once."""
        if self.files is None:  # before Python 3.12, cached_property has one lock for all pairs
            self.files = self.contents.read(self.pair.content.key), self.styles.read(self.pair.style.key)
        return self.files

    def _input_hashes(self, sidecar: Sidecar | None) -> tuple[str, str]:
        """SHA-256 of the content and the style: the sidecar's if the inputs are unchanged, else of the bytes read."""
        if sidecar is not None and self._has_unchanged_inputs(sidecar):
            return str(sidecar.row.content_sha256), str(sidecar.row.style_sha256)
        content, style = self._read_inputs()
        return sha256(content).hexdigest(), sha256(style).hexdigest()

    def _has_unchanged_inputs(self, sidecar: Sidecar) -> bool:
        """True if the inputs have the URIs and the ETags that the sidecar records."""
        entries = {"content": self.pair.content, "style": self.pair.style}
        return all(
            entry.etag is not None
            and entry.etag == sidecar.etags.get(side)
            and getattr(self.row, side) == getattr(sidecar.row, side)
            for side, entry in entries.items()
        )

    def _make(self, fingerprint: str, content: Photograph, style: Photograph) -> UnwrittenPicture:
        """Transfer the style; returns the encoded picture and its sidecar."""
        observer = TransferObserver(self.output, self.pair, self.config, fingerprint, self.log)
        result = self._stylize(content, style, observer, self._painter())
        with self.seconds.measure("write"):
            data = self._encode(result, fingerprint)
        cells = result_cells(result) | self.seconds.cells()
        self.row = replace(
            self.row,
            **cells,
            output_sha256=sha256(data).hexdigest(),
            error="; ".join((*result.notes, *observer.notes.values())) or None,
        )
        return UnwrittenPicture(data=data, sidecar=self._sidecar(result))

    def _encode(self, result: TransferResult, fingerprint: str) -> bytes:
        try:
            return result.encode()
        except ImageError as error:
            unsaved.keep(result, fingerprint, error)

    def _deliver(self, fingerprint: str, unwritten: UnwrittenPicture) -> ManifestRow:
        """Write the picture, then its sidecar, to the output; returns the row.

        Raises:
            StorageError: they cannot be written; the picture is kept on this machine if possible.
        """
        row = unwritten.sidecar.row
        try:
            with self.seconds.measure("write"):
                written = self.output.write(self.pair.picture_key(self.config.format), unwritten.data)
            write = self.seconds.spent["write"]
            total = (row.seconds_total or 0.0) - (row.seconds_write or 0.0) + write
            began = datetime.now(UTC) - timedelta(seconds=total)
            row = rename(row, self.row)
            row = replace(row, seconds_write=write, seconds_total=total, started_at=_utc_text(began))
            sidecar = replace(unwritten.sidecar, row=row, etags=self._etags(written))
            write_sidecar(self.output, self.pair.sidecar_key, sidecar)
        except StorageError as error:
            kept = self._save_for_later(fingerprint, unwritten, error)
            raise StorageError(f"{error}; the picture is kept as {str(kept)!r} until a run can write it") from error
        outbox.delete(fingerprint)
        checkpoints.delete(fingerprint)
        return row

    def _etags(self, picture: Entry) -> dict[str, str]:
        """The ETags of the inputs and of the picture as it was written, where their storages tell them."""
        entries = {"content": self.pair.content, "style": self.pair.style, "output": picture}
        return {side: entry.etag for side, entry in entries.items() if entry.etag}

    def _save_for_later(self, fingerprint: str, unwritten: UnwrittenPicture, reason: StorageError) -> Path:
        try:
            return outbox.save(fingerprint, unwritten)
        except StorageError as error:
            raise StorageError(f"{reason}; the picture cannot be kept on this machine either: {error}") from error

    def _note(self, identity: Identity) -> str:
        """Put the hashes of the inputs and the pair's fingerprint into the row; returns the fingerprint."""
        hashes = {side: getattr(identity, side) for side in ("content_sha256", "style_sha256")}
        self.row = replace(self.row, **hashes, fingerprint=(fingerprint := identity.fingerprint))
        return fingerprint

    def _painter(self) -> "Painter | None":
        """The painter of the pair's style, if it is to be painted; one that is not there learns now.

        Raises:
            PainterError: this run has tried to learn it, and could not.
        """
        if self.config.method != "paint":
            return None
        spec = PainterSpec(style=self.pair.style, config=self.config.lessons)
        if (reason := self.job.unlearned.get(spec.key(str(self.row.style_sha256)))) is not None:
            raise PainterError(reason)
        return learn_painter(spec, self.job, self.log)

    def _stylize(
        self, content: Photograph, style: Photograph, observer: TransferObserver, painter: "Painter | None"
    ) -> TransferResult:
        """Transfer once a device is free; the wait does not count to the seconds of the pair."""
        with free_device(self.job.device) as device:
            raise_if_interrupted()
            started = perf_counter()
            engine_here = engine(self.config, device)
            painted = None
            if painter is not None:
                painted = painter.paint(content, self.config.strength, device=device)
            result = engine_here.run(
                content,
                style,
                observer.on_record,
                observer.on_snapshot,
                observer.on_checkpoint,
                observer.start,
                painted,
            )
            held = perf_counter() - started
        optimized_here = result.timings.optimize - (observer.start.seconds if observer.start else 0.0)
        self.seconds.spent |= {"prepare": held - optimized_here, "optimize": result.timings.optimize}
        return result

    def _sidecar(self, result: TransferResult) -> Sidecar:
        versions = {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES}
        return Sidecar(
            row=self.row,
            config=self.config.to_dict(),
            weights_sha256=result.weights_sha256,
            history=tuple(result.history_rows()),
            versions=versions,
            etags={},
            recipe=releases.RELEASES[-1].recipe_of(self.config),
        )


def _utc_text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


@dataclass
class PhaseTimer:
    """Wall seconds by phase."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, phase: str) -> Iterator[None]:
        """Add the seconds of the block to a phase."""
        started = perf_counter()
        yield
        self.spent[phase] = self.spent.get(phase, 0.0) + perf_counter() - started

    def cells(self) -> dict[str, float]:
        """The cells of the row that hold seconds."""
        return {f"seconds_{phase}": seconds for phase, seconds in self.spent.items()} | {
            "seconds_total": sum(self.spent.values())
        }
