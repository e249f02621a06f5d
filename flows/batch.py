"""The batch flow: discover pairs, stylize each, report."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import cast

from prefect import State, flow, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows.progress import watched
from nst_engine import Status, TransferConfig
from tasks.discover import discover
from tasks.manifest import ManifestRow
from tasks.pairs import Pairing, PairSpec
from tasks.report import report
from tasks.stylize import stylize
from tasks.work import Job

WORKERS = 3
"""Threads: one pair on the device, the next being read, the last being written."""


def _run_name() -> str:
    content, style = (PurePath(flow_run.get_parameters()[side]) for side in ("content", "style"))
    return f"{content.name or content} in the style of {style.name or style}"


@flow(
    name="stylize-batch",
    flow_run_name=_run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # nothing binds its type variable
)
def stylize_batch(
    content: str,
    style: str,
    output: str,
    config: TransferConfig | None = None,
    backbones: list[str] | None = None,
    pairing: Pairing = "every",
    device: str | None = None,
    allow_failures: bool = False,
) -> State[None]:
    """Stylize the pictures of one folder with those of another.

    Args:
        content: folder of the pictures to be stylized.
        style: folder of the pictures whose style they take.
        output: folder for the results, `results.csv`, `backbones.csv` and `report.html`.
        config: what a transfer does; None is the defaults.
        backbones: networks to use, each for every pair; None is the configuration's.
        pairing: `every` content with each style, or the content and the style of the same file `stem`.
        device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.
        allow_failures: end as Completed though pairs failed.
    """
    config = config or TransferConfig()
    job = Job(content=content, style=style, output=output, config=config, run_id=flow_run.get_id() or "", device=device)
    pairs = discover(job, backbones or [config.backbone], pairing)
    rows = list(watched(_stylized(pairs, job), total=len(pairs), log=get_run_logger().info))
    report(output, rows)
    return _verdict(rows, allow_failures)


def _stylized(pairs: Sequence[PairSpec], job: Job) -> Iterator[ManifestRow]:
    """The pairs' rows in their order, no more pairs under way than there are threads to work on them."""
    under_way = deque(stylize.submit(pair, job) for pair in pairs[:WORKERS])
    for following in [*pairs[WORKERS:], *[None] * len(under_way)]:
        row = cast("ManifestRow", under_way.popleft().result(raise_on_failure=False))
        if following is not None:
            under_way.append(stylize.submit(following, job))
        yield row


def _verdict(rows: Sequence[ManifestRow], allow_failures: bool) -> State[None]:
    failed = sum(row.status == Status.FAILED for row in rows)
    message = f"{len(rows) - failed} of {len(rows)} pairs have their picture, {failed} failed"
    return Failed(message=message) if failed and not allow_failures else Completed(message=message)
