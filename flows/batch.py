"""The batch flow: discover pairs, stylize each, report."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import PurePath
from uuid import UUID

from prefect import Flow, flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from flows.final_state import Verdict, try_write, verdict
from flows.learning import learn_missing
from flows.parameters import Batch, Runner
from flows.progress import show_progress
from flows.progress_artifact import update_artifact
from flows.run_form import ConfigForm
from flows.runners.task_runs import Rows, run_in_threads, run_on_ray
from flows.runners.workers import run_on_workers
from nst_engine import TransferConfig
from tasks.discover import discover
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import Pairing, Request
from tasks.planning.shards import Shard, shard_size, split_into_shards
from tasks.preflight.checks import preflight
from tasks.preflight.older import find_older
from tasks.records.row import ManifestRow
from tasks.report import report
from tasks.reporting.run_artifact import artifact_key
from tasks.storage import StorageError, open_storage

DEFAULTS = TransferConfig()

_RUNNERS: dict[Runner, Callable[[Iterable[Shard], Job], Rows]] = {
    "threads": run_in_threads,
    "ray": run_on_ray,
    "workers": run_on_workers,
}


def name_after_folders() -> str:
    """The name of the current run, from the folders in its parameters."""
    content, style = (PurePath(flow_run.get_parameters()[side]) for side in ("content", "style"))
    return f"{content.name or content} in the style of {style.name or style}"


def batch_flow(find: Callable[[Job, Request], Plan] = preflight) -> Flow[..., Verdict]:
    """The batch flow, which makes the pairs that `find` returns.

    A plan that is there already comes to the flow this way, past its parameters: these are what a person types into the
    run form, and Prefect copies, checks and stores them, which a plan of a million pairs would not bear.
    """

    @flow(name="stylize-batch", flow_run_name=name_after_folders)
    def stylize_batch(
        content: str,
        style: str,
        output: str,
        config: ConfigForm = DEFAULTS,
        backbones: list[str] | None = None,
        pairing: Pairing | None = None,
        pairs: str | None = None,
        include: list[str] | None = None,
        exclude: list[str] | None = None,
        device: str | None = None,
        allow_failures: bool = False,
        keep_older: bool = False,
        runner: Runner = "threads",
        pairs_per_task: int | None = None,
    ) -> Verdict:
        """Stylize the pictures of one folder with those of another.

        Args:
            content: folder of the pictures to be stylized, or `s3://bucket/prefix`.
            style: folder of the pictures that give the style, or `s3://bucket/prefix`.
            output: folder for the results, `results.csv`, `backbones.csv` and `report.html`, or `s3://bucket/prefix`.
            config: the configuration of the transfers.
            backbones: the networks to use, each for every pair; None is the network of `config`.
            pairing: `every` content with each style, contents and styles of the same file `stem`, the two folders in
                order like a `zip`, or the pairs of a `list`; None is `list` if `pairs` is given, else `every`.
            pairs: CSV file of the list, path or URI: columns `content`, `style` and, as needed, `name`, `backbone` and
                further fields of the configuration.
            include: patterns such as `2024/*`; only pictures whose key matches one are used. With `content:` or
                `style:` before it, a pattern holds for that side alone.
            exclude: patterns of the same form; pictures whose key matches one are left out.
            device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.
            allow_failures: end as Completed though pairs failed.
            keep_older: leave the pictures as they are that an earlier release made of the same choices, with its own
                defaults or recipe.
            runner: what works on the pairs: `threads` of this process, the processes of a `ray` cluster, or the
                `workers` that serve the deployment `stylize-shard/shard`.
            pairs_per_task: how many pairs a task run takes, or a flow run of a worker; None is one, and more for
                thousands of pairs.
        """
        job = read_job(content=content, style=style, output=output, config=config, device=device, keep_older=keep_older)
        batch = Batch(
            job=job,
            request=read_request(backbones or [config.backbone], pairing, pairs, include, exclude),
            runner=runner,
            pairs_per_task=pairs_per_task,
            allow_failures=allow_failures,
        )
        tag(batch.request.backbones)
        plan = discover(find, batch.job, batch.request)
        rows, error = make_results(plan, batch.job, batch.runner, batch.pairs_per_task)
        return verdict(rows, batch.allow_failures, error)

    return stylize_batch


stylize_batch = batch_flow()


def read_job(
    *, content: str, style: str, output: str, config: TransferConfig, device: str | None, keep_older: bool
) -> Job:
    """The job that the parameters of the current run describe."""
    return Job(
        content=content,
        style=style,
        output=output,
        config=config,
        run_id=flow_run.get_id() or "",
        device=device,
        keep_older=keep_older,
    )


def read_request(
    backbones: Iterable[str],
    pairing: Pairing | None,
    pairs: str | None,
    include: Iterable[str] | None,
    exclude: Iterable[str] | None,
) -> Request:
    """The request that the parameters of a run describe.

    Raises:
        PairingError: the values contradict each other.
    """
    return Request(
        backbones=tuple(backbones),
        pairing=pairing,
        pair_list=pairs,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
    )


def make_results(
    plan: Plan, job: Job, runner: Runner = "threads", pairs_per_task: int | None = None
) -> tuple[list[ManifestRow], StorageError | None]:
    """Make the results of a plan and the report, which is written even if the batch is interrupted.

    Args:
        plan: the pairs.
        job: what the pairs share.
        runner, pairs_per_task: as for `stylize_batch`.

    Returns:
        The rows in the order of the plan, and the error if the report could not be written.
    """
    logger = get_run_logger()
    for line in chain(plan.warnings(), _older_pictures(plan, job, runner)):
        logger.warning(line)
    job = learn_missing(plan, job, logger.info, logger.error)
    total = len(plan.pairs)
    shards = split_into_shards(plan.pairs, shard_size(total, pairs_per_task))
    rows: dict[int, list[ManifestRow]] = {}
    try:
        with closing(_RUNNERS[runner](shards, job)) as ended:
            key = artifact_key(open_storage(job.output).uri(), "progress")
            made = update_artifact(_collect_rows(ended, rows), total, key, logger.warning)
            for _ in show_progress(made, total, logger.info, logger.error):
                pass
    finally:
        error = try_write(lambda: report(job.output, _sort_rows(rows)) if rows else ())
    return _sort_rows(rows), error


def _older_pictures(plan: Plan, job: Job, runner: Runner) -> Iterator[str]:
    """What becomes of older pictures, and what it costs."""
    try:
        yield from find_older(plan, job).lines(job, here=runner == "threads")
    except Exception as error:  # what is in the way of a pair is said in its row
        yield f"what is older in the output is not known: {error}"


def tag(backbones: Iterable[str]) -> None:
    """Tag the current flow run with its backbones; tags of task runs would cost a request each."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(UUID(flow_run.get_id()), tags={*flow_run.get_tags(), *backbones})


def _collect_rows(ended: Rows, rows: dict[int, list[ManifestRow]]) -> Iterator[ManifestRow]:
    """Yield rows as they come, and keep them in `rows` by the index of their shard."""
    for index, some in ended:
        rows[index] = some
        yield from some


def _sort_rows(rows: dict[int, list[ManifestRow]]) -> list[ManifestRow]:
    """The rows in the order of the plan."""
    return [row for index in sorted(rows) for row in rows[index]]
