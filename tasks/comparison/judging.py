"""Judges a comparison: each picture is read again and scored, whichever network made it."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from nst_engine.errors import NightbrushError
from nst_engine.images import Photograph, read_photograph
from nst_engine.judging.measures import measure
from nst_engine.judging.referee import Referee, choose_referee
from nst_engine.transfer.result import Status
from tasks.comparison.grid import Trial
from tasks.comparison.results import Comparison, Judged
from tasks.making.engines import free_device
from tasks.planning.job import Job
from tasks.planning.names import printable
from tasks.records.row import ManifestRow
from tasks.records.sidecar import read_sidecar
from tasks.storage import Storage, open_storage

if TYPE_CHECKING:
    from nst_engine import Judge

Log = Callable[[str], object]


def referees(trials: Iterable[Trial], first: Referee | None = None) -> tuple[Referee, ...]:
    """The referees: the one asked for, or the best available one, then each network that took part."""
    configs = [trial.variant.config for trial in trials]
    own = (Referee(backbone=config.backbone, weights=config.weights) for config in configs)
    return tuple(dict.fromkeys((first or choose_referee(configs), *own)))


def judged(
    trials: Sequence[Trial], rows: Sequence[ManifestRow], job: Job, referees: tuple[Referee, ...], log: Log
) -> Comparison:
    """Score every picture by every referee.

    Pairs are taken one after another, so that a referee reads a content and a style once. A picture that cannot be
    scored has no scores; the reason is logged.

    Args:
        trials: the trials to judge.
        rows: their rows, in the same order.
        job: where the pictures are, and the device.
        referees: the networks that judge.
        log: takes a line of text.
    """
    bench = _Bench(job, referees)
    order = sorted(range(len(trials)), key=lambda index: trials[index].pair)
    found = {index: bench.judged(trials[index], rows[index], log) for index in order}
    return Comparison(tuple(found[index] for index in range(len(trials))), referees)


class _Bench:
    """Reads the pictures of trials, and has the referees score them."""

    def __init__(self, job: Job, referees: tuple[Referee, ...]) -> None:
        self._job, self._referees = job, referees
        self._places = {name: open_storage(getattr(job, name)) for name in ("content", "style", "output")}
        self._read = lru_cache(maxsize=2)(self._photograph)

    def judged(self, trial: Trial, row: ManifestRow, log: Log) -> Judged:
        """The picture of a trial with its scores."""
        if row.status == Status.FAILED:
            return Judged(trial=trial, row=row)
        try:
            return self._scored(trial, row)
        except Exception as error:  # one picture that cannot be judged costs its scores, never the comparison
            kind = "" if isinstance(error, NightbrushError) else f"{type(error).__name__}: "
            log(f"{printable(trial.spec.name)} is not judged: {kind}{error}".splitlines()[0])
            return Judged(trial=trial, row=row)

    def _scored(self, trial: Trial, row: ManifestRow) -> Judged:
        content, style = self._read("content", trial.spec.content.key), self._read("style", trial.spec.style.key)
        picture = self._photograph("output", row.picture_key)
        sidecar = read_sidecar(self._places["output"], trial.spec.sidecar_key)
        with free_device(self._job.device) as device:
            distances = {
                referee: _judge(referee, device).distances(picture, content, style) for referee in self._referees
            }
        measures = measure(picture, content, style)
        history = sidecar.history if sidecar else ()
        return Judged(trial=trial, row=row, history=history, measures=measures, distances=distances)

    def _photograph(self, side: str, key: str) -> Photograph:
        storage: Storage = self._places[side]
        return read_photograph(storage.read(key), storage.uri(key))


@lru_cache(maxsize=2)
def _judge(referee: Referee, device: str) -> "Judge":
    from nst_engine import Judge  # loads TensorFlow, so only when it is needed

    return Judge(referee, device)
