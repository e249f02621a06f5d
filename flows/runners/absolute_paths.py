"""Make the paths in shards and jobs absolute, so that processes that work in other folders find the same files."""

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


def make_shards_absolute(shards: Iterable[Shard], job: Job) -> tuple[Iterator[Shard], Job]:
    """Returns the shards and the job that they share with absolute paths; the shards are made one by one."""
    absolute = (replace(shard, pairs=tuple(_make_pair_absolute(pair, job) for pair in shard.pairs)) for shard in shards)
    return absolute, make_job_absolute(job)


def make_job_absolute(job: Job) -> Job:
    """Returns a job with absolute paths of its folders and of the files of its configuration."""
    return replace(
        job,
        content=open_storage(job.content).uri(),
        style=open_storage(job.style).uri(),
        output=open_storage(job.output).uri(),
        config=make_config_absolute(job.config),
    )


def make_request_absolute(request: Request) -> Request:
    """Returns a request with the absolute path, or the address, of its pair list."""
    return request if request.pair_list is None else replace(request, pair_list=open_storage(request.pair_list).uri())


def make_config_absolute(config: TransferConfig) -> TransferConfig:
    """Returns a configuration with absolute paths of its pictures and of its weights."""
    weights = config.weights if config.weights in get_args(WeightsKind) else _absolute(config.weights)
    return config.with_files(_absolute).replace(weights=weights)


def _absolute(path: str) -> str:
    """The absolute path, links not followed; the engine knows no addresses and no `~`."""
    return str(Path(path).absolute())


def _make_pair_absolute(pair: PairSpec, job: Job) -> PairSpec:
    """Returns a pair with absolute paths in its overrides."""
    if not pair.overrides:
        return pair
    config = make_config_absolute(pair.own_config(job.config))
    return replace(pair, overrides=tuple((name, getattr(config, name)) for name, _ in pair.overrides))
