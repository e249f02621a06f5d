"""What a batch would do, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from rich.filesize import decimal

from nst_engine.errors import ImageError, TransferError
from tasks.planning.job import Job
from tasks.planning.names import printable
from tasks.planning.pairs import PairSpec, Plan
from tasks.preflight.checks import unfinished
from tasks.preflight.estimate import Estimate, estimate
from tasks.storage import StorageError, open_storage

_MOST_NAMES = 40

_MOST_TRIED = 5
"""Pairs of a backbone of which the first that can be made is taken for all."""


def describe_plan(plan: Plan, job: Job) -> str:
    """The pictures to be made, what is left out, and how long it takes."""
    return "\n".join([*_names(plan), *plan.left_out(), _inputs(plan), *_forecast(plan, job)])


def _names(plan: Plan) -> Iterator[str]:
    yield from map(_described, islice(plan.pairs, _MOST_NAMES))
    if len(plan.pairs) > _MOST_NAMES:
        yield f"... and {len(plan.pairs) - _MOST_NAMES} more"


def _described(pair: PairSpec) -> str:
    """The pair's name and what is set for it alone, each as `--set` takes it."""
    return " ".join([printable(pair.name), *(f"{name}={_text(value)}" for name, value in pair.overrides)])


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _inputs(plan: Plan) -> str:
    """How many pictures the pairs are made of, and how large these are."""
    contents = {pair.content.key: pair.content.size for pair in plan.pairs}
    styles = {pair.style.key: pair.style.size for pair in plan.pairs}
    size = decimal(sum(contents.values()) + sum(styles.values()))
    return f"{len(contents)} contents and {len(styles)} styles, {size} in all"


def _forecast(plan: Plan, job: Job) -> Iterator[str]:
    firsts: dict[str, list[PairSpec]] = {}
    counts: Counter[str] = Counter()
    for pair in unfinished(plan, job):
        counts[pair.backbone] += 1
        if counts[pair.backbone] <= _MOST_TRIED:
            firsts.setdefault(pair.backbone, []).append(pair)
    done = len(plan.pairs) - counts.total()
    yield f"{len(plan.pairs)} pairs, {done} of them with a sidecar in {open_storage(job.output).uri()}"
    seconds = 0.0
    for backbone, pairs in firsts.items():
        cost, failures = _estimated(pairs, job)
        yield from failures
        if cost is None:
            yield f"{backbone}: {counts[backbone]} x ? s, for the first of them fail"
            continue
        seconds += cost.seconds * counts[backbone]
        size = f"{cost.width}x{cost.height} pixels"
        yield f"{backbone}: {counts[backbone]} x {cost.seconds:.0f} s, each {cost.steps} steps to {size}"
    if seconds:
        yield f"about {timedelta(seconds=round(seconds))} on this device, if all are like the first of their backbone"


def _estimated(pairs: Iterable[PairSpec], job: Job) -> tuple[Estimate | None, list[str]]:
    """What the first pair costs that can be made, if one can, and a line on each before it."""
    failures: list[str] = []
    for pair in pairs:
        try:
            return estimate(pair, job), failures
        except (ImageError, StorageError, TransferError) as error:
            failures.append(f"{printable(pair.name)} will fail: {error}")
    return None, failures
