"""The Prefect task that makes the pictures of a shard."""

from contextvars import copy_context

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_logger
from prefect.states import Completed, Failed

from nst_engine import Status
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.shards import Shard
from tasks.records.row import ManifestRow

_logger = get_logger("extra.nightbrush")
"""Writes to the history of the task run only, not to the terminal."""


@task(name="stylize", task_run_name="{shard.name}", cache_policy=NO_CACHE, retries=0)
def stylize(shard: Shard, job: Job) -> State[list[ManifestRow]]:
    """Make the pairs of a shard; returns their rows. The task run fails if a pair does."""
    context = copy_context()  # makes a line one of this task run, whatever thread logs it
    rows = [stylize_pair(pair, job, lambda line: context.run(_logger.info, line)) for pair in shard.pairs]
    failed = [row for row in rows if row.status == Status.FAILED]
    if failed:
        count = "" if len(rows) == 1 else f"{len(failed)} of {len(rows)} pairs failed, the first: "
        return Failed(message=f"{count}{failed[0].error}", data=rows)
    return Completed(name=rows[0].status.capitalize() if len(rows) == 1 else None, data=rows)
