"""The Prefect task that finds the pairs of a batch."""

from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.pairs import Pairing, PairSpec
from tasks.preflight import preflight
from tasks.work import Job


@task(name="discover", task_run_name="discover pairs", cache_policy=NO_CACHE)
def discover(job: Job, backbones: Sequence[str], pairing: Pairing) -> tuple[PairSpec, ...]:
    """The pairs of a batch, in the order of work; pictures without a partner are logged."""
    found = preflight(job, backbones, pairing)
    logger = get_run_logger()
    for side, keys in (("content", found.unmatched_contents), ("style", found.unmatched_styles)):
        for key in keys:
            logger.warning("%s %s has no partner of its stem and is left out", side, key)
    return found.pairs
