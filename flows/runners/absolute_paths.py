"""Work for other processes: all that it names, it names so that it is the same from whatever folder they work in."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

from nst_engine.config import TransferConfig
from nst_engine.registry.backbones import WeightsKind
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.planning.shards import Shard
from tasks.storage import open_storage


def work_from_anywhere(shards: Iterable[Shard], job: Job) -> tuple[Iterator[Shard], Job]:
    """Shards and the job that they share, with folders and files by their absolute paths."""
    moved = (replace(shard, pairs=tuple(_pair(pair, job) for pair in shard.pairs)) for shard in shards)
    return moved, replace(job, **places_from_anywhere(job), config=config_from_anywhere(job.config))


def places_from_anywhere(job: Job) -> dict[str, str]:
    """The folders of a job, or its buckets, by their absolute paths or addresses."""
    return {name: open_storage(getattr(job, name)).uri() for name in ("content", "style", "output")}


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
