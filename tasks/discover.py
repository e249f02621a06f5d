"""The Prefect task that finds the pairs of a batch."""

from collections.abc import Callable

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import Request


@task(name="discover", task_run_name="discover pairs", cache_policy=NO_CACHE, persist_result=False)
def discover(find: Callable[[Job, Request], Plan], job: Job, request: Request) -> Plan:
    """The plan that `find` returns. It stays in memory: Prefect stores no pair."""
    return find(job, request)
