"""The parameters of a flow as one value, which commands make of their options, and flows of their parameters."""

from dataclasses import dataclass
from typing import Any, Literal

from nst_engine.judging.referee import Referee
from tasks.comparison.grid import Grid, require_comparable
from tasks.planning.job import Job
from tasks.planning.request import Request
from tasks.planning.shards import check_pairs_per_task

Runner = Literal["threads", "ray", "workers"]
"""What works on a batch: threads of its own process, a Ray cluster, or the workers of a deployment."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The parameters of `stylize_batch`.

    Attributes:
        job: what the pairs share.
        request: which pairs are asked for.
        runner: what works on the pairs.
        pairs_per_task: how many pairs a task run takes; None is a number that fits the batch.
        allow_failures: True to end the run as Completed though pairs failed.

    Raises:
        PairingError: `pairs_per_task` is not allowed.
    """

    job: Job
    request: Request
    runner: Runner = "threads"
    pairs_per_task: int | None = None
    allow_failures: bool = False

    def __post_init__(self) -> None:
        check_pairs_per_task(self.pairs_per_task)

    def parameters(self) -> dict[str, Any]:
        """Returns the parameters of `stylize_batch`, as Prefect takes them."""
        return _pair_parameters(self.job, self.request) | {
            "config": self.job.config,
            "backbones": list(self.request.backbones),
            "runner": self.runner,
            "pairs_per_task": self.pairs_per_task,
            "allow_failures": self.allow_failures,
        }


@dataclass(frozen=True, kw_only=True)
class ComparisonBatch:
    """The parameters of `compare_backbones`, which makes the same pairs under several configurations and judges them.

    Attributes:
        job: what the pairs share; its configuration is the first grid's.
        request: which pairs are asked for.
        grids: the configurations.
        referee: the network whose scores stand in the tables; None is the best network that is not compared.
        runner: what works on the pairs.
        allow_failures: True to end the run as Completed though pairs failed.

    Raises:
        ConfigError: the grids cannot be compared, as a single configuration.
    """

    job: Job
    request: Request
    grids: tuple[Grid, ...]
    referee: Referee | None = None
    runner: Runner = "threads"
    allow_failures: bool = False

    def __post_init__(self) -> None:
        require_comparable(self.grids)

    def parameters(self) -> dict[str, Any]:
        """Returns the parameters of `compare_backbones`, as Prefect takes them."""
        return _pair_parameters(self.job, self.request) | {
            "grids": list(self.grids),
            "referee": self.referee,
            "runner": self.runner,
            "allow_failures": self.allow_failures,
        }


def _pair_parameters(job: Job, request: Request) -> dict[str, Any]:
    """Returns the parameters that both flows have: the folders, the pairs, the device, and what is kept."""
    return {
        "content": job.content,
        "style": job.style,
        "output": job.output,
        "pairing": request.way,
        "pairs": request.pair_list,
        "include": list(request.include),
        "exclude": list(request.exclude),
        "device": job.device,
        "keep_older": job.keep_older,
    }
