"""A batch that runs now, here, in this process."""

import click
from prefect.settings import get_current_settings

from flows.batch import stylize_batch
from nst_engine.quiet import import_quietly
from tasks.discover import ready
from tasks.outcome import REPORT, RESULTS
from tasks.pairs import Plan, Request
from tasks.preflight import unfinished
from tasks.storage import open_storage
from tasks.work import Job


def load_engine_if_needed(plan: Plan, job: Job) -> None:
    """Load TensorFlow now, while nothing else writes to stderr, unless every pair seems finished.

    Raises:
        ConfigError: this machine does not have the job's device.
    """
    if job.device is not None or next(unfinished(plan, job), None) is not None:
        import_quietly("nst_engine.transfer")
        import_quietly("nst_engine.devices").resolve_device(job.device)


def run_batch(plan: Plan, job: Job, request: Request, allow_failures: bool) -> bool:
    """Run the batch flow on a plan that was made for it, and say where to look; returns whether it ended well.

    Raises:
        Exception: whatever kept the flow from coming to its verdict.
    """
    api = get_current_settings().api.url
    where = (
        f"reports to {api}" if api else "runs embedded: this run's history is not kept; set PREFECT_API_URL to keep it"
    )
    click.echo(f"Prefect {where}", err=True)
    planned = ready.set(plan)
    try:
        state = stylize_batch(
            content=job.content,
            style=job.style,
            output=job.output,
            config=job.config,
            backbones=list(request.backbones),
            pairing=request.way,
            pairs=request.pairs,
            include=list(request.include),
            exclude=list(request.exclude),
            device=job.device,
            allow_failures=allow_failures,
            return_state=True,
        )
    finally:
        ready.reset(planned)
    outcome: object = state.result(raise_on_failure=False)
    if isinstance(outcome, Exception):
        raise outcome
    output = open_storage(job.output)
    click.echo(f"{state.message}\nReport: {output.uri(REPORT)}\nTable: {output.uri(RESULTS)}")
    return state.is_completed()
