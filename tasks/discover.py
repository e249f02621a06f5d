"""The Prefect task that finds the pairs of a batch, or takes the plan that its caller has prepared."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import Request
from tasks.preflight.checks import preflight


@task(name="discover", task_run_name="discover pairs", cache_policy=NO_CACHE, persist_result=False)
def discover(job: Job, request: Request) -> Plan:
    """The plan of a batch. It stays in memory: Prefect stores no pair."""
    plan = prepared_plan()
    return preflight(job, request) if plan is None else plan


_plan: ContextVar[Plan | None] = ContextVar("plan", default=None)
"""The plan that `discover` is to take. It comes to the flow past its parameters: these are what a person types into the
run form, and Prefect copies, checks and stores them, which a plan of a million pairs would not bear."""


@contextmanager
def prepared(plan: Plan) -> Iterator[None]:
    """Let the batch that runs in this block use `plan`."""
    token = _plan.set(plan)
    try:
        yield
    finally:
        _plan.reset(token)


def prepared_plan() -> Plan | None:
    """The prepared plan, or None if the batch makes its own."""
    return _plan.get()
