"""The compare flow: the same pairs under several configurations, judged by one referee."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, TypeAlias

from prefect import Flow, flow
from pydantic import Field

from flows.batch import make_results, name_after_folders, read_job, read_request, tag
from flows.final_state import Verdict, try_write, verdict
from flows.parameters import ComparisonBatch, Runner
from nst_engine.judging.referee import Referee
from tasks.compare import compare
from tasks.comparison.grid import Grid, trials_of
from tasks.discover import discover
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import Pairing, Request
from tasks.preflight.checks import preflight

Grids: TypeAlias = Annotated[list[Grid], Field(min_length=1)]
"""The configurations to compare: at least one grid."""


def _run_name() -> str:
    return f"compare on {name_after_folders()}"


def comparison_flow(find: Callable[[Job, Request], Plan] = preflight) -> Flow[..., Verdict]:
    """The compare flow, which makes the pairs that `find` returns under each configuration."""

    @flow(name="compare-backbones", flow_run_name=_run_name)
    def compare_backbones(
        content: str,
        style: str,
        output: str,
        grids: Grids,
        pairing: Pairing | None = None,
        pairs: str | None = None,
        include: list[str] | None = None,
        exclude: list[str] | None = None,
        referee: Referee | None = None,
        device: str | None = None,
        allow_failures: bool = False,
        keep_older: bool = False,
        runner: Runner = "threads",
    ) -> Verdict:
        """Stylize the same pairs under several configurations, and have all pictures judged by one network.

        Args:
            content: folder of the pictures to be stylized, or `s3://bucket/prefix`.
            style: folder of the pictures that give the style, or `s3://bucket/prefix`.
            output: folder for `comparison.html`, `comparison.csv`, `curves.csv`, `referees.csv` and all that a batch
                writes, or `s3://bucket/prefix`.
            grids: configurations, each with values for some fields; every combination of the values is compared.
            pairing: as for a batch.
            pairs: as for a batch, but the list sets no fields of the configuration.
            include: as for a batch.
            exclude: as for a batch.
            referee: the network whose scores stand in the tables; None is the best network that is not compared.
            device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.
            allow_failures: end as Completed though pictures failed.
            keep_older: as for a batch; new pictures beside them differ by the release too.
            runner: as for a batch.
        """
        config = grids[0].config
        job = read_job(content=content, style=style, output=output, config=config, device=device, keep_older=keep_older)
        batch = ComparisonBatch(
            job=job,
            request=read_request([config.backbone], pairing, pairs, include, exclude),
            grids=tuple(grids),
            referee=referee,
            runner=runner,
            allow_failures=allow_failures,
        )
        plan = discover(find, batch.job, batch.request)
        trials = trials_of(plan, batch.grids, batch.referee)
        tag({trial.spec.backbone for trial in trials})
        rows, error = make_results(replace(plan, pairs=tuple(trial.spec for trial in trials)), batch.job, batch.runner)
        error = error or try_write(lambda: compare(trials, rows, batch.job, batch.referee))
        return verdict(rows, batch.allow_failures, error)

    return compare_backbones


compare_backbones = comparison_flow()
