"""The Prefect task that finds the pairs of a batch."""

from contextvars import ContextVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.pairs import Plan, Request
from tasks.preflight import preflight
from tasks.work import Job

ready: ContextVar[Plan | None] = ContextVar("ready", default=None)
"""The plan of the batch that is about to run, where its caller has made it: nothing is listed twice."""


@task(name="discover", task_run_name="discover pairs", cache_policy=NO_CACHE, persist_result=False)
def discover(job: Job, request: Request) -> Plan:
    """The plan of a batch. It stays in memory: of a million pairs, Prefect keeps none."""
    planned = ready.get()
    return preflight(job, request) if planned is None else planned
