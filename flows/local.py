"""A batch that runs now, here, in this process."""

from collections.abc import Sequence

import click
from prefect.settings import get_current_settings

from flows.batch import stylize_batch
from nst_engine.quiet import import_quietly
from tasks.outcome import REPORT, RESULTS
from tasks.pairs import Pairing, Plan
from tasks.storage import open_storage
from tasks.work import Job


def load_engine_if_needed(plan: Plan, job: Job) -> None:
    """Load TensorFlow now, while nothing else writes to stderr, unless every pair seems finished.

    Raises:
        ConfigError: this machine does not have the job's device.
    """
    output = open_storage(job.output)
    if job.device is not None or any(output.head(pair.sidecar_key) is None for pair in plan.pairs):
        import_quietly("nst_engine.transfer")
        import_quietly("nst_engine.devices").resolve_device(job.device)


def run_batch(job: Job, backbones: Sequence[str], pairing: Pairing, allow_failures: bool) -> bool:
    """Run the batch flow and say where to look; returns whether it ended well.

    Raises:
        Exception: whatever kept the flow from coming to its verdict.
    """
    api = get_current_settings().api.url
    where = (
        f"reports to {api}" if api else "runs embedded: this run's history is not kept; set PREFECT_API_URL to keep it"
    )
    click.echo(f"Prefect {where}", err=True)
    state = stylize_batch(
        content=job.content,
        style=job.style,
        output=job.output,
        config=job.config,
        backbones=list(backbones),
        pairing=pairing,
        device=job.device,
        allow_failures=allow_failures,
        return_state=True,
    )
    outcome: object = state.result(raise_on_failure=False)
    if isinstance(outcome, Exception):
        raise outcome
    output = open_storage(job.output)
    click.echo(f"{state.message}\nReport: {output.uri(REPORT)}\nTable: {output.uri(RESULTS)}")
    return state.is_completed()
