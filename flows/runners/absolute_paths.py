"""Work for other processes: all that it names, it names so that it is the same from whatever folder they work in."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

from nst_engine.config import TransferConfig
from nst_engine.registry.backbones import WeightsKind
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.planning.request import Request
from tasks.planning.shards import Shard
from tasks.storage import open_storage


def work_from_anywhere(shards: Iterable[Shard], job: Job) -> tuple[Iterator[Shard], Job]:
    """Shards and the job that they share, with folders and files by their absolute paths."""
    moved = (replace(shard, pairs=tuple(_pair(pair, job) for pair in shard.pairs)) for shard in shards)
    return moved, job_from_anywhere(job)


def job_from_anywhere(job: Job) -> Job:
    """Returns a job with its folders and the files of its configuration by their absolute paths."""
    return replace(
        job,
        content=open_storage(job.content).uri(),
        style=open_storage(job.style).uri(),
        output=open_storage(job.output).uri(),
        config=config_from_anywhere(job.config),
    )


def request_from_anywhere(request: Request) -> Request:
    """Returns a request with its pair list by the absolute path or the address."""
    return request if request.pair_list is None else replace(request, pair_list=open_storage(request.pair_list).uri())


def config_from_anywhere(config: TransferConfig) -> TransferConfig:
    """A configuration with the pictures and the weights that it names by their absolute paths."""
    weights = config.weights if config.weights in get_args(WeightsKind) else _absolute(config.weights)
    return config.with_files(_absolute).replace(weights=weights)


def _absolute(path: str) -> str:
    """A path from the root of the file system, links as they are; the engine knows no addresses and no `~`."""
    return str(Path(path).absolute())


def _pair(pair: PairSpec, job: Job) -> PairSpec:
    """A pair with what it sets of its own likewise."""
    if not pair.overrides:
        return pair
    config = config_from_anywhere(pair.own_config(job.config))
    return replace(pair, overrides=tuple((name, getattr(config, name)) for name, _ in pair.overrides))
