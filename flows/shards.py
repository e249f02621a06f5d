"""The shard flow: a worker stylizes the pairs of one shard."""

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.final_state import Verdict, verdict
from flows.runners.task_runs import run_in_threads
from flows.runners.workers import ROWS
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.planning.shards import split_into_shards


@flow(name="stylize-shard")
def stylize_shard(pairs: list[PairSpec], job: Job) -> Verdict:
    """Stylize the pairs that a batch hands to this worker.

    Args:
        pairs: the pairs of the shard.
        job: what the pairs of the batch share.
    """
    rows = [row for _, rows in run_in_threads(split_into_shards(pairs, 1), job) for row in rows]
    table = [{"pair": row.pair, "backbone": row.backbone, "status": row.status, "error": row.error} for row in rows]
    create_table_artifact(table, key=ROWS, description=f"{len(rows)} pairs")
    return verdict(rows, allow_failures=False)
