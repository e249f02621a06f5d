"""The part of a batch that comes before its pairs: painters learn the styles that they do not know yet."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from nst_engine.errors import NightbrushError
from tasks.learn import learn
from tasks.making.painters import PainterSpec, is_learned, needed_painters, painter_key
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.preflight.checks import unfinished


def learn_missing(plan: Plan, job: Job, log: Callable[[str], None], complain: Callable[[str], None]) -> Job:
    """Have painters learn, one after another, a task run for each; a painter that is there takes none.

    Args:
        plan: the pairs; those that have a sidecar need no painter.
        job: what the pairs share.
        log: takes a line about each painter before it learns.
        complain: takes the reason of each that could not.

    Returns:
        The job, which tells why some painters could not learn: their pairs fail for that reason.
    """
    reasons = {}
    for spec in _missing(plan, job):
        log(f"a painter learns {spec.name}, by {spec.config.updates} updates at most")
        reason = learn(spec, job, return_state=True).result(raise_on_failure=False)
        if reason is not None:
            complain(f"the painter of {spec.name} could not learn: {reason}")
            reasons[painter_key(spec, job)] = str(reason)
    return replace(job, unlearned=reasons)


def _missing(plan: Plan, job: Job) -> Iterator[PainterSpec]:
    for spec in needed_painters(unfinished(plan, job), job):
        try:
            if not is_learned(spec, job):
                yield spec
        except NightbrushError:  # the rows of its pairs say what it is
            continue
