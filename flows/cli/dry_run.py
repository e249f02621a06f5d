"""Describe what a batch would do."""

from collections.abc import Iterator
from itertools import islice

from rich.filesize import decimal

from nst_engine import TransferConfig
from nst_engine.backbones.weights import state_of
from nst_engine.config.releases import RELEASES
from nst_engine.registry.weights import TRAINED
from tasks.planning.job import Job
from tasks.planning.names import printable
from tasks.planning.pairs import PairSpec, Plan
from tasks.preflight.checks import refused_names, unfinished
from tasks.preflight.older import find_older
from tasks.preflight.painting import Painted
from tasks.preflight.workload import Failure, Workload
from tasks.storage import open_storage

_MAX_NAMES = 40


def describe_plan(plan: Plan, job: Job) -> Iterator[str]:
    """The pairs to make, the warnings of the plan, names that the output refuses, and an estimate of the time.

    A line about pairs that will fail is a `Failure`.
    """
    yield from _list_pairs(plan)
    yield from plan.warnings()
    yield from _refusals(plan, job)
    yield _describe_inputs(plan)
    yield from _weights(plan, job)
    yield from _forecast(plan, job)


def _list_pairs(plan: Plan) -> Iterator[str]:
    yield from map(_describe_pair, islice(plan.pairs, _MAX_NAMES))
    if len(plan.pairs) > _MAX_NAMES:
        yield f"... and {len(plan.pairs) - _MAX_NAMES} more"


def _refusals(plan: Plan, job: Job) -> Iterator[Failure]:
    """A line for each kind of name that the output refuses."""
    for pair, error in refused_names(plan, job):
        yield Failure(f"{printable(pair.name)} will fail, and pairs of such names: {error}")


def _describe_pair(pair: PairSpec) -> str:
    """The name of a pair and its own settings, in the form that `--set` takes."""
    return " ".join([printable(pair.name), *(f"{name}={_text(value)}" for name, value in pair.overrides)])


def _describe_stand_ins(config: TransferConfig) -> str:
    """What the fields stand for that nobody set, in the form that `--set` takes."""
    fields = RELEASES[-1].stand_ins(config)
    return " ".join([f"{config.backbone}, where not set:", *(f"{name}={_text(it)}" for name, it in fields.items())])


def _text(value: object) -> str:
    match value:
        case list() | tuple():
            return ",".join(value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _describe_inputs(plan: Plan) -> str:
    """How many contents and styles there are, and the size of their files."""
    contents = {pair.content.key: pair.content.size for pair in plan.pairs}
    styles = {pair.style.key: pair.style.size for pair in plan.pairs}
    size = decimal(sum(contents.values()) + sum(styles.values()))
    return f"{len(contents)} contents and {len(styles)} styles, {size} in all"


def _weights(plan: Plan, job: Job) -> Iterator[str]:
    """A line for each of the known weights that the pairs need."""
    for backbone, kind in dict.fromkeys((pair.backbone, _kind(pair, job)) for pair in plan.pairs):
        if known := TRAINED.get((backbone, kind)):
            yield f"weights: {known.name}, from {known.source} ({known.license}), {state_of(known)}"


def _kind(pair: PairSpec, job: Job) -> str:
    return str(dict(pair.overrides).get("weights", job.config.weights))


def _forecast(plan: Plan, job: Job) -> Iterator[str]:
    missing = Workload.of(unfinished(plan, job))
    done = len(plan.pairs) - missing.total
    yield f"{len(plan.pairs)} pairs, {done} of them with a sidecar in {open_storage(job.output).uri()}"
    yield from map(_describe_stand_ins, (pairs[0].own_config(job.config) for pairs in missing.firsts.values()))
    if job.config.method == "optimize":
        yield from missing.cost(job)
    yield from Painted.of(unfinished(plan, job)).lines(job)
    yield from find_older(plan, job).lines(job)
