"""The Prefect task that finds the pairs of a batch."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import Request
from tasks.preflight import preflight
from tasks.ready import ready_plan


@task(name="discover", task_run_name="discover pairs", cache_policy=NO_CACHE, persist_result=False)
def discover(job: Job, request: Request) -> Plan:
    """The plan of a batch. It stays in memory: of a million pairs, Prefect keeps none."""
    plan = ready_plan()
    return preflight(job, request) if plan is None else plan
