"""The work of a batch: each pair from the bytes of its inputs to its row."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from nst_engine import Status, TransferResult, __version__
from nst_engine.backbones.weights import find_weights
from nst_engine.errors import NightbrushError
from nst_engine.images import Photograph, read_photograph
from tasks.interruption import require_going_on
from tasks.local_state import checkpoints, outbox
from tasks.local_state.outbox import Kept
from tasks.making.engines import engine, free_device
from tasks.making.locks import alone
from tasks.making.observer import Log, TransferObserver
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.records.existing import find_sidecar, is_finished, rename, skipped_row
from tasks.records.fingerprint import fingerprint
from tasks.records.row import ManifestRow, result_cells
from tasks.records.sidecar import Sidecar, write_sidecar
from tasks.storage import StorageError, open_storage

_PACKAGES = ("keras", "nightbrush", "numpy", "pillow", "tensorflow")


def _unheard(_line: str) -> None:
    """Nobody reads a log."""


def stylize_pair(pair: PairSpec, job: Job, log: Log = _unheard) -> ManifestRow:
    """Make one picture and its sidecar, unless they are there already.

    Args:
        pair: what is to be made.
        job: what the pairs of the batch share.
        log: takes a line now and then while the picture is under way.

    Returns:
        The pair's row: completed, converged, skipped, or failed with the reason.

    Raises:
        NightbrushError: the job itself makes no sense, which `preflight` would have told.
    """
    task = _PairWork(pair, job, log)
    try:
        require_going_on()
        return task.done()
    except NightbrushError as error:
        return replace(task.row, status=Status.FAILED.value, error=str(error))
    except Exception as error:  # one bad pair costs one row, never the batch
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return replace(task.row, status=Status.FAILED.value, error=reason)


def failed_row(pair: PairSpec, job: Job, reason: str) -> ManifestRow:
    """The row of a pair of which no more is known than why there is no picture."""
    return replace(_PairWork(pair, job).row, error=reason)


class _PairWork:
    """One pair on its way; `row` holds what is known of it so far."""

    def __init__(self, pair: PairSpec, job: Job, log: Log = _unheard) -> None:
        self.pair, self.job, self.log = pair, job, log
        self.config = pair.own_config(job.config)
        self.output = open_storage(job.output)
        self.contents, self.styles = open_storage(job.content), open_storage(job.style)
        self.files: tuple[bytes, bytes] | None = None
        self.seconds = Phases()
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
            started_at=_stamp(datetime.now(UTC)),
        )

    def done(self) -> ManifestRow:
        """The row, once the picture and its sidecar are written, or were found, perhaps of another run just now."""
        with alone(self.row.output):
            return self._found_or_made()

    def _found_or_made(self) -> ManifestRow:
        with self.seconds.of("read"):
            sidecar = find_sidecar(self.output, self.pair)
            identity = self._identify(*self._hashes(sidecar))
            if sidecar is not None and is_finished(self.output, self.pair, sidecar, identity, self.config.format):
                return skipped_row(sidecar, self.row)
            if (kept := outbox.kept(identity)) is not None:
                return self._delivered(identity, kept)
            content, style = self._inputs()
            pictures = read_photograph(content, self.row.content), read_photograph(style, self.row.style)
        return self._delivered(identity, self._made(identity, *pictures))

    def _inputs(self) -> tuple[bytes, bytes]:
        """The files of the content and the style, read once."""
        if self.files is None:  # a cached property would have all pairs wait for each other, before Python 3.12
            self.files = self.contents.read(self.pair.content.key), self.styles.read(self.pair.style.key)
        return self.files

    def _hashes(self, sidecar: Sidecar | None) -> tuple[str, str]:
        """SHA-256 of the content and the style, which are not read where a sidecar vouches for them."""
        if sidecar is not None and self._vouched(sidecar):
            return str(sidecar.row.content_sha256), str(sidecar.row.style_sha256)
        content, style = self._inputs()
        return sha256(content).hexdigest(), sha256(style).hexdigest()

    def _vouched(self, sidecar: Sidecar) -> bool:
        """Whether the inputs lie where the sidecar says, with the ETags that they had when they were read."""
        entries = {"content": self.pair.content, "style": self.pair.style}
        return all(
            entry.etag is not None
            and entry.etag == sidecar.etags.get(side)
            and getattr(self.row, side) == getattr(sidecar.row, side)
            for side, entry in entries.items()
        )

    def _made(self, identity: str, content: Photograph, style: Photograph) -> Kept:
        """The picture, made and encoded, and its sidecar."""
        observer = TransferObserver(self.output, self.pair, self.config, identity, self.log)
        result = self._stylize(content, style, observer)
        with self.seconds.of("write"):
            data = result.encode()
        cells = result_cells(result) | self.seconds.cells()
        self.row = replace(
            self.row,
            **cells,
            output_sha256=sha256(data).hexdigest(),
            error="; ".join((*content.notes, *style.notes, *observer.notes.values())) or None,
        )
        return Kept(data=data, sidecar=self._sidecar(result))

    def _delivered(self, identity: str, made: Kept) -> ManifestRow:
        """The row, once the picture and then its sidecar are in the output.

        Raises:
            StorageError: they cannot be written; the picture is kept on this machine, if that is possible.
        """
        row = made.sidecar.row
        try:
            with self.seconds.of("write"):
                self.output.write(self.pair.picture_key(self.config.format), made.data)
            write = self.seconds.spent["write"]
            total = (row.seconds_total or 0.0) - (row.seconds_write or 0.0) + write
            began = datetime.now(UTC) - timedelta(seconds=total)
            row = rename(row, self.row)
            row = replace(row, seconds_write=write, seconds_total=total, started_at=_stamp(began))
            sidecar = replace(made.sidecar, row=row, etags=self._etags(made.data))
            write_sidecar(self.output, self.pair.sidecar_key, sidecar)
        except StorageError as error:
            self._keep(identity, made, error)
            raise StorageError(f"{error}; the picture is kept on this machine, and the next run writes it") from error
        outbox.forget(identity)
        checkpoints.forget(identity)
        return row

    def _etags(self, picture: bytes) -> dict[str, str]:
        """The ETags of the inputs, and of the picture where it is the MD5 of the bytes, as for most objects of S3.

        Any other may belong to a picture that another run has written meanwhile.
        """
        entry = self.output.head(self.pair.picture_key(self.config.format))
        ours = entry is not None and entry.etag == md5(picture, usedforsecurity=False).hexdigest()
        entries = {"content": self.pair.content, "style": self.pair.style} | ({"output": entry} if ours else {})
        return {side: entry.etag for side, entry in entries.items() if entry and entry.etag}

    def _keep(self, identity: str, made: Kept, reason: StorageError) -> None:
        try:
            outbox.keep(identity, made)
        except StorageError as error:
            raise StorageError(f"{reason}; the picture cannot be kept on this machine either: {error}") from error

    def _identify(self, content_sha256: str, style_sha256: str) -> str:
        """Put the hashes of the inputs and the pair's fingerprint into the row; returns the fingerprint."""
        identity = fingerprint(
            content_sha256=content_sha256,
            style_sha256=style_sha256,
            files_sha256={path: sha256(Path(path).read_bytes()).hexdigest() for path in self.config.files},
            config=self.config,
            weights_sha256=find_weights(self.config).sha256,
            engine_version=__version__,
        )
        self.row = replace(self.row, content_sha256=content_sha256, style_sha256=style_sha256, fingerprint=identity)
        return identity

    def _stylize(self, content: Photograph, style: Photograph, observer: TransferObserver) -> TransferResult:
        """Transfer once a device is free; the seconds of the pair are those with the device, not the wait for it."""
        with free_device(self.job.device) as device:
            require_going_on()
            started = perf_counter()
            result = engine(self.config, device).run(
                content, style, observer.on_record, observer.on_snapshot, observer.on_checkpoint, observer.begun
            )
            held = perf_counter() - started
        here = result.timings.optimize - (observer.begun.seconds if observer.begun else 0.0)
        self.seconds.spent |= {"prepare": held - here, "optimize": result.timings.optimize}
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
        )


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


@dataclass
class Phases:
    """Wall seconds by phase."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, phase: str) -> Iterator[None]:
        """Count the block's seconds to a phase."""
        started = perf_counter()
        yield
        self.spent[phase] = self.spent.get(phase, 0.0) + perf_counter() - started

    def cells(self) -> dict[str, float]:
        """The cells of a row that they fill."""
        return {f"seconds_{phase}": seconds for phase, seconds in self.spent.items()} | {
            "seconds_total": sum(self.spent.values())
        }
