"""The plan of the batch that is about to run, where its caller has made it: nothing is listed twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tasks.planning.pairs import Plan

_plan: ContextVar[Plan | None] = ContextVar("plan", default=None)


@contextmanager
def ready(plan: Plan) -> Iterator[None]:
    """Have the batch that runs in this block take a plan as it is."""
    token = _plan.set(plan)
    try:
        yield
    finally:
        _plan.reset(token)


def ready_plan() -> Plan | None:
    """The plan that is ready; None where the batch is to make its own."""
    return _plan.get()
