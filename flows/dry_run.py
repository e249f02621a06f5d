"""What a batch would do, in words."""

from collections.abc import Iterator
from datetime import timedelta

from tasks.estimate import estimate
from tasks.pairs import PairSpec, Plan
from tasks.storage import open_storage
from tasks.work import Job

_MOST_NAMES = 40


def describe_plan(plan: Plan, job: Job) -> str:
    """The pictures to be made, what is left out, and how long it takes."""
    return "\n".join([*_names(plan), *_left_out(plan), *_forecast(plan, job)])


def _names(plan: Plan) -> Iterator[str]:
    yield from (pair.name for pair in plan.pairs[:_MOST_NAMES])
    if len(plan.pairs) > _MOST_NAMES:
        yield f"... and {len(plan.pairs) - _MOST_NAMES} more"


def _left_out(plan: Plan) -> Iterator[str]:
    for side, keys in (("content", plan.unmatched_contents), ("style", plan.unmatched_styles)):
        yield from (f"left out: {side} {key} has no partner" for key in keys)


def _forecast(plan: Plan, job: Job) -> Iterator[str]:
    output = open_storage(job.output)
    waiting = [pair for pair in plan.pairs if output.head(pair.sidecar_key) is None]
    yield f"{len(plan.pairs)} pairs, {len(plan.pairs) - len(waiting)} of them with a sidecar in {output.uri()}"
    seconds = 0.0
    for first in _first_of_each_backbone(waiting):
        cost = estimate(first, job)
        count = sum(pair.backbone == first.backbone for pair in waiting)
        seconds += cost.seconds * count
        size = f"{cost.width}x{cost.height} pixels"
        yield f"{first.backbone}: {count} x {cost.seconds:.0f} s, each {cost.steps} steps to {size}"
    if waiting:
        yield f"about {timedelta(seconds=round(seconds))} on this device, if every content is shaped like the first"


def _first_of_each_backbone(pairs: list[PairSpec]) -> Iterator[PairSpec]:
    yield from {pair.backbone: pair for pair in reversed(pairs)}.values()
