"""The painters of a batch: learned once for each style, and kept in its output."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING

from nst_engine.config import TransferConfig
from nst_engine.errors import NightbrushError, PainterError
from nst_engine.images import Photograph, read_photograph
from nst_engine.painting.lessons import MOST as MOST_PHOTOGRAPHS
from tasks.interruption import interruption, raise_if_interrupted
from tasks.local_state import checkpoints
from tasks.making.engines import engine, free_device
from tasks.making.locks import alone
from tasks.making.observer import CHECKPOINT_SECONDS, LOG_SECONDS, Log
from tasks.planning.job import Job
from tasks.planning.listing import list_pictures
from tasks.planning.names import stem
from tasks.planning.pairs import Overrides, PairSpec
from tasks.planning.request import Request
from tasks.records.fingerprint import identify
from tasks.reporting.number_format import duration
from tasks.reporting.painter_page import painter_page
from tasks.storage import Entry, Storage, StorageError, open_storage

if TYPE_CHECKING:
    from nst_engine import Painter
    from nst_engine.painting.learning import Progress

FOLDER = "painters"
"""Folder of the painters in the output."""

_PAINTERS_KEPT = 8

_FILES = ("weights", "blend", "style_masks")
"""Fields that name files, which the key knows by their bytes."""

_STRIPS, _STRENGTHS = 3, (0.1, 0.3, 0.5, 0.7, 0.9)
"""Contents on a painter's page, and the strengths at which each is painted."""


@dataclass(frozen=True, kw_only=True)
class PainterSpec:
    """A painter that pairs need. Small and JSON-able: it travels through Prefect.

    Attributes:
        style: the style's picture, as listed.
        config: what it learns by, see `TransferConfig.lessons`.
    """

    style: Entry
    config: TransferConfig

    @property
    def name(self) -> str:
        """`<backbone>/<style stem>`."""
        return f"{self.config.backbone}/{stem(self.style.key)}"

    def fingerprint(self, style_sha256: str) -> str:
        """SHA-256 of everything that decides what is learned, but for the photographs: painters stay when some come.

        Raises:
            WeightsError: the weights are absent or damaged.
        """
        return identify(self.config, "", style_sha256).fingerprint

    def key(self, style_sha256: str) -> str:
        """Key of the painter in the output.

        Raises:
            WeightsError: the weights are absent or damaged.
        """
        return f"{FOLDER}/{stem(self.style.key)}~{self.fingerprint(style_sha256)[:12]}.npz"


def needed_painters(pairs: Iterable[PairSpec], job: Job) -> Iterator[PainterSpec]:
    """The painters that pairs need, each once, in the order of the pairs."""

    @lru_cache
    def lessons(backbone: str, overrides: Overrides) -> TransferConfig | None:
        config = job.config.replace(backbone=backbone, **dict(overrides))
        return config.lessons if config.method == "paint" else None

    seen = set()
    for pair in pairs:
        config = lessons(pair.backbone, pair.overrides)
        if config is not None and (need := (pair.style.key, config)) not in seen:
            seen.add(need)
            yield PainterSpec(style=pair.style, config=config)


def painter_key(spec: PainterSpec, job: Job) -> str:
    """Key of a painter in the output, once the style is read.

    Raises:
        NightbrushError: the style cannot be read, or the weights are absent.
    """
    return spec.key(sha256(open_storage(job.style).read(spec.style.key)).hexdigest())


def is_learned(spec: PainterSpec, job: Job) -> bool:
    """True if the output has the painter; it is not read.

    Raises:
        NightbrushError: as for `painter_key`, or the output cannot be read.
    """
    return open_storage(job.output).head(painter_key(spec, job)) is not None


def find_painter(spec: PainterSpec, style_sha256: str, job: Job) -> "Painter | None":
    """The painter in the output, or None if there is none.

    Raises:
        PainterError: it is damaged, or has learned by something else.
        StorageError: it cannot be read.
    """
    output, key = open_storage(job.output), spec.key(style_sha256)
    entry = output.head(key)
    if entry is None:
        return None
    painter = _load(job.output, key, entry.etag or sha256(output.read(key)).hexdigest())
    _require_learned_by(painter, spec.config, output.uri(key))
    return painter


def learn_painter(spec: PainterSpec, job: Job, log: Log) -> "Painter":
    """The painter of a style: the output's, or one that learns now and is kept there.

    The photographs are the contents of the job. A learning that was cut off on this machine goes on.

    Args:
        spec: what is to be learned.
        job: the places and the device.
        log: takes a line about the progress every few seconds.

    Raises:
        NightbrushError: there is nothing to learn from, or the painter cannot be read or written.
        InterruptedPairError: the batch is interrupted.
    """
    output = open_storage(job.output)
    data = open_storage(job.style).read(spec.style.key)
    style_sha256 = sha256(data).hexdigest()
    key = spec.key(style_sha256)
    with alone(output.uri(key)):
        painter = find_painter(spec, style_sha256, job)
        if painter is None:
            style = read_photograph(data, open_storage(job.style).uri(spec.style.key))
            painter = _learn(spec, style, job, LearningObserver(spec, spec.fingerprint(style_sha256), log))
            output.write(key, painter.to_bytes())
            output.write(key.removesuffix(".npz") + ".html", _page(spec, painter, style, job))
            checkpoints.delete(spec.fingerprint(style_sha256))
    return painter


class LearningObserver:
    """Receives the progress of a learning: logs it, and saves checkpoints; what cannot be saved costs nothing else.

    Attributes:
        start: the checkpoint that the learning goes on from; None is the beginning.
    """

    def __init__(self, spec: PainterSpec, fingerprint: str, log: Log) -> None:
        self._spec, self._fingerprint, self._log = spec, fingerprint, log
        self.start = checkpoints.load_bytes(fingerprint)
        self._began = self._last_log = self._last_checkpoint = monotonic()
        self._first: int | None = None

    def on_progress(self, progress: "Progress") -> None:
        """Log how far the learning is, and save a checkpoint, each when it is time.

        Raises:
            InterruptedPairError: the batch is interrupted.
        """
        now = monotonic()
        if self._first is None:
            self._first, self._began = progress.done, now
        if now - self._last_log >= LOG_SECONDS:
            self._log(describe_progress(self._spec, progress, self._first, now - self._began))
            self._last_log = now
        if interruption.is_set() or now - self._last_checkpoint >= CHECKPOINT_SECONDS:
            self._save(progress.checkpoint())
        raise_if_interrupted()

    def _save(self, data: bytes) -> None:
        try:
            checkpoints.save_bytes(self._fingerprint, data)
        except StorageError as error:
            self._log(f"learn {self._spec.name}: no checkpoint could be kept: {error}")
        self._last_checkpoint = monotonic()


def describe_progress(spec: PainterSpec, progress: "Progress", first: int, seconds: float) -> str:
    """A line about a learning that began at the update `first` and has taken so many seconds since."""
    taken = progress.done - first
    left = f"{duration(seconds / taken * (progress.end - progress.done))} left, " if taken else ""
    losses = progress.history[-1].losses
    return (
        f"learn {spec.name}: {progress.done} of {progress.end} updates, {left}"
        f"on held-out photographs content {losses.content:.3g}, style {losses.style:.3g}"
    )


def _learn(spec: PainterSpec, style: Photograph, job: Job, observer: LearningObserver) -> "Painter":
    from nst_engine import Painter  # loads TensorFlow, so only when it is needed

    with free_device(job.device) as device:
        raise_if_interrupted()
        pupil, starts = engine(spec.config, device), [*_kin(spec, job)]
        return Painter.learn_by(pupil, style, _photographs(job), observer.on_progress, observer.start, starts)


def _kin(spec: PainterSpec, job: Job) -> Iterator["Painter"]:
    """The painters of other styles in the output that have learned by the same configuration.

    There are none for one whose bytes must not depend on what is there.
    """
    output = open_storage(job.output)
    if spec.config.deterministic or not output.exists():
        return
    keys = [entry.key for entry in output.list(f"{FOLDER}/") if entry.key.endswith(".npz")]
    for key in keys[:_PAINTERS_KEPT]:
        with suppress(NightbrushError):
            painter = _load(job.output, key, sha256(output.read(key)).hexdigest())
            _require_learned_by(painter, spec.config, key)
            yield painter


def _page(spec: PainterSpec, painter: "Painter", style: Photograph, job: Job) -> bytes:
    """The painter's page, with some contents of the job painted at several strengths."""
    strips = [
        (photograph.over_white(), {each: painter.paint(photograph, each, device=job.device) for each in _STRENGTHS})
        for photograph in islice(_photographs(job), _STRIPS)
    ]
    checks = [{"step": check.update} | asdict(check.losses) for check in painter.history]
    return painter_page(spec.name, style.over_white(), strips, checks)


def _photographs(job: Job) -> Iterator[Photograph]:
    """Contents of the job, evenly spread if they are many; those that cannot be read are left to their rows."""
    contents = open_storage(job.content)
    pictures = list_pictures(contents, "content", Request(backbones=(job.config.backbone,))).pictures
    step = max(1, len(pictures) // MOST_PHOTOGRAPHS)
    for entry in pictures[::step][:MOST_PHOTOGRAPHS]:
        if (photograph := _read(contents, entry)) is not None:
            yield photograph


def _read(contents: Storage, entry: Entry) -> Photograph | None:
    try:
        return read_photograph(contents.read(entry.key), contents.uri(entry.key))
    except NightbrushError:
        return None


@lru_cache(_PAINTERS_KEPT)
def _load(output: str, key: str, _version: str) -> "Painter":
    from nst_engine import Painter

    storage = open_storage(output)
    return Painter.from_bytes(storage.read(key), storage.uri(key))


def _require_learned_by(painter: "Painter", config: TransferConfig, name: str) -> None:
    """Refuse a painter that was put under the key of another; where its files lay does not count."""
    wanted, own = config.to_dict(), painter.config.to_dict()
    for field, value in wanted.items():
        if field not in _FILES and value != own[field]:
            raise PainterError(
                f"painter {name!r} has learned with {field}={own[field]!r}, not {value!r}; delete it to learn anew"
            )
