"""Describe what a batch would do."""

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

_MAX_NAMES = 40

_MAX_TRIED = 5
"""How many pairs of a backbone to try; the first that can be made stands for all."""


def describe_plan(plan: Plan, job: Job) -> str:
    """The pairs to make, the pictures that are left out, and an estimate of the time."""
    return "\n".join([*_list_pairs(plan), *plan.left_out(), _describe_inputs(plan), *_forecast(plan, job)])


def _list_pairs(plan: Plan) -> Iterator[str]:
    yield from map(_describe_pair, islice(plan.pairs, _MAX_NAMES))
    if len(plan.pairs) > _MAX_NAMES:
        yield f"... and {len(plan.pairs) - _MAX_NAMES} more"


def _describe_pair(pair: PairSpec) -> str:
    """The name of a pair and its own settings, in the form that `--set` takes."""
    return " ".join([printable(pair.name), *(f"{name}={_text(value)}" for name, value in pair.overrides)])


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _describe_inputs(plan: Plan) -> str:
    """How many contents and styles there are, and the size of their files."""
    contents = {pair.content.key: pair.content.size for pair in plan.pairs}
    styles = {pair.style.key: pair.style.size for pair in plan.pairs}
    size = decimal(sum(contents.values()) + sum(styles.values()))
    return f"{len(contents)} contents and {len(styles)} styles, {size} in all"


def _forecast(plan: Plan, job: Job) -> Iterator[str]:
    firsts: dict[str, list[PairSpec]] = {}
    counts: Counter[str] = Counter()
    for pair in unfinished(plan, job):
        counts[pair.backbone] += 1
        if counts[pair.backbone] <= _MAX_TRIED:
            firsts.setdefault(pair.backbone, []).append(pair)
    done = len(plan.pairs) - counts.total()
    yield f"{len(plan.pairs)} pairs, {done} of them with a sidecar in {open_storage(job.output).uri()}"
    seconds = 0.0
    for backbone, pairs in firsts.items():
        cost, failures = _estimate_first(pairs, job)
        yield from failures
        if cost is None:
            yield f"{backbone}: {counts[backbone]} x ? s, for the first of them fail"
            continue
        seconds += cost.seconds * counts[backbone]
        size = f"{cost.width}x{cost.height} pixels"
        yield f"{backbone}: {counts[backbone]} x {cost.seconds:.0f} s, each {cost.steps} steps to {size}"
    if seconds:
        yield f"about {timedelta(seconds=round(seconds))} on this device, if all are like the first of their backbone"


def _estimate_first(pairs: Iterable[PairSpec], job: Job) -> tuple[Estimate | None, list[str]]:
    """The estimate for the first pair that can be made, or None, and a line for each pair that failed before it."""
    failures: list[str] = []
    for pair in pairs:
        try:
            return estimate(pair, job), failures
        except (ImageError, StorageError, TransferError) as error:
            failures.append(f"{printable(pair.name)} will fail: {error}")
    return None, failures
