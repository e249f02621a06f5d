"""How long a batch will take, from a few steps of its first pair."""

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from statistics import median

from nst_engine.images import Photograph, read_photograph
from nst_engine.transfer.sizes import result_sizes
from tasks.making.deliverable import require_size
from tasks.making.engines import engine, free_device
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.storage import Entry, open_storage

_TRIAL_STEPS = 4


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The size, steps and seconds of one pair.

    Attributes:
        width, height: size of the picture in pixels.
        steps: optimizer steps, all levels together.
        seconds: wall seconds of these steps, at most `time_limit`.
    """

    width: int
    height: int
    steps: int
    seconds: float


def estimate(pair: PairSpec, job: Job) -> Estimate:
    """Take a few steps of one pair at its full size and scale them up, level by level, with the number of pixels.

    Raises:
        NightbrushError: the pair cannot be read or stylized.
    """
    config = pair.own_config(job.config)
    content, style = read_photographs(pair, job)
    sizes = result_sizes(config, content.picture, content.described)
    require_size(config, content)
    trial = config.replace(
        method="optimize", levels=1, iterations=_TRIAL_STEPS, record_every=1, tolerance=None, time_limit=None
    )
    with free_device(job.device) as device:
        history = engine(trial, device).run(content, style).history
    times = [record.seconds for record in history[1:-1]]
    step = median(after - before for before, after in pairwise(times))
    width, height = sizes[-1]
    full_steps = sum(w * h for w, h in sizes) / (width * height) * config.steps
    seconds = min(step * full_steps, config.time_limit or inf)
    return Estimate(width=width, height=height, steps=len(sizes) * config.steps, seconds=seconds)


def read_photographs(pair: PairSpec, job: Job) -> tuple[Photograph, Photograph]:
    """The content and the style of a pair.

    Raises:
        ImageError, StorageError: one cannot be read.
    """
    return _read(job.content, pair.content), _read(job.style, pair.style)


def _read(place: str, entry: Entry) -> Photograph:
    storage = open_storage(place)
    return read_photograph(storage.read(entry.key), storage.uri(entry.key))
