"""The Prefect task that makes one picture."""

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from nst_engine import Status
from tasks.manifest import ManifestRow
from tasks.pairs import PairSpec
from tasks.work import Job, stylize_pair


@task(name="stylize", task_run_name="{pair.name}", cache_policy=NO_CACHE)
def stylize(pair: PairSpec, job: Job) -> State[ManifestRow]:
    """One pair's row; the task run fails where the pair does."""
    row = stylize_pair(pair, job)
    if row.status == Status.FAILED:
        return Failed(message=row.error, data=row)
    return Completed(name=row.status.capitalize(), data=row)
