"""The Prefect task that has a painter learn a style."""

from contextvars import copy_context
from dataclasses import asdict

from prefect import State, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_logger
from prefect.states import Completed, Failed

from nst_engine.errors import NightbrushError
from tasks.making.painters import PainterSpec, learn_painter
from tasks.planning.job import Job
from tasks.reporting.number_format import round_figures
from tasks.reporting.run_artifact import artifact_key
from tasks.storage import open_storage

_logger = get_logger("extra.nightbrush")
"""Writes to the history of the task run only, not to the terminal."""


@task(name="learn", task_run_name="learn {spec.name}", cache_policy=NO_CACHE, retries=0, persist_result=False)
def learn(spec: PainterSpec, job: Job) -> State[str | None]:
    """Learn a style; returns why that could not be, or None. Leaves a table of the losses on held-out photographs."""
    context = copy_context()
    try:
        painter = learn_painter(spec, job, lambda line: context.run(_logger.info, line))
    except NightbrushError as error:
        return Failed(message=str(error), data=str(error))
    checks = [{"update": check.update} | asdict(check.losses) for check in painter.history]
    create_table_artifact(
        round_figures(checks),
        key=artifact_key(open_storage(job.output).uri(), f"painter-{spec.fingerprint(painter.style_sha256)[:12]}"),
        description=f"What {spec.name} has learned, by the mean losses of held-out photographs",
    )
    return Completed(data=None)
