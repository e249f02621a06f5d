"""The batch flow: discover pairs, stylize each, report."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
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
from tasks.pairs import Pairing, PairSpec, Request
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
    pairing: Pairing | None = None,
    pairs: str | None = None,
    include: list[str] | None = None,
    exclude: list[str] | None = None,
    device: str | None = None,
    allow_failures: bool = False,
) -> State[None]:
    """Stylize the pictures of one folder with those of another.

    Args:
        content: folder of the pictures to be stylized, or `s3://bucket/prefix`.
        style: folder of the pictures whose style they take, likewise.
        output: folder for the results, `results.csv`, `backbones.csv` and `report.html`, likewise.
        config: what a transfer does; None is the defaults.
        backbones: networks to use, each for every pair; None is the configuration's.
        pairing: `every` content with each style, the content and the style of the same file `stem`, the two folders
            side by side like a `zip`, or as a `list` says; None is `list` where there is one, else `every`.
        pairs: CSV file of the list, path or URI: columns `content`, `style` and, if need be, `name`, `backbone` and
            further fields of the configuration.
        include: patterns such as `2024/*`, of which a picture's key is to match one; `content:` or `style:` before it
            confines a pattern to that side.
        exclude: patterns, likewise, of pictures that are left out.
        device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.
        allow_failures: end as Completed though pairs failed.
    """
    config = config or TransferConfig()
    job = Job(content=content, style=style, output=output, config=config, run_id=flow_run.get_id() or "", device=device)
    request = Request(
        backbones=tuple(backbones or [config.backbone]),
        pairing=pairing,
        pairs=pairs,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
    )
    plan, logger = discover(job, request), get_run_logger()
    for line in plan.left_out():
        logger.warning(line)
    rows = list(watched(_stylized(plan.pairs, job), total=len(plan.pairs), log=logger.info))
    report(output, rows)
    return _verdict(rows, allow_failures)


def _stylized(pairs: Iterable[PairSpec], job: Job) -> Iterator[ManifestRow]:
    """The pairs' rows in their order, no more pairs under way than there are threads to work on them."""
    waiting = iter(pairs)
    under_way = deque(stylize.submit(pair, job) for pair in islice(waiting, WORKERS))
    while under_way:
        row = cast("ManifestRow", under_way.popleft().result(raise_on_failure=False))
        under_way.extend(stylize.submit(pair, job) for pair in islice(waiting, 1))
        yield row


def _verdict(rows: Sequence[ManifestRow], allow_failures: bool) -> State[None]:
    failed = sum(row.status == Status.FAILED for row in rows)
    message = f"{len(rows) - failed} of {len(rows)} pairs have their picture, {failed} failed"
    return Failed(message=message) if failed and not allow_failures else Completed(message=message)
