"""What a flow is asked to do: a value that is checked when it is made, and the flow's parameters."""

from dataclasses import replace
from inspect import signature
from pathlib import Path

import pytest

from flows.batch import stylize_batch
from flows.compare import compare_backbones
from flows.parameters import Batch, ComparisonBatch
from nst_engine.errors import ConfigError
from nst_engine.judging.referee import Referee
from tasks.comparison.grid import Grid
from tasks.planning.request import PairingError, Request
from tests.tasks.studio import CONFIG, a_job

REQUEST = Request(backbones=("tiny", "vgg16"), pair_list="pairs.csv", include=("lake*",), exclude=("style:draft*",))
GRIDS = (Grid(config=CONFIG, vary={"seed": [0, 1]}),)


def test_the_parameters_of_a_batch_are_all_that_the_flow_takes(tmp_path: Path) -> None:
    job = replace(a_job(tmp_path), device="cpu", keep_older=True)
    batch = Batch(job=job, request=REQUEST, runner="ray", pairs_per_task=7, allow_failures=True)
    given = batch.parameters()
    assert set(given) == set(signature(stylize_batch.fn).parameters)
    assert stylize_batch.validate_parameters(given) == {
        "content": job.content,
        "style": job.style,
        "output": job.output,
        "config": CONFIG,
        "backbones": ["tiny", "vgg16"],
        "pairing": "list",
        "pairs": "pairs.csv",
        "include": ["lake*"],
        "exclude": ["style:draft*"],
        "device": "cpu",
        "allow_failures": True,
        "keep_older": True,
        "runner": "ray",
        "pairs_per_task": 7,
    }


def test_the_parameters_of_a_comparison_are_all_that_the_flow_takes(tmp_path: Path) -> None:
    referee = Referee(backbone="tiny", weights="random")
    batch = ComparisonBatch(job=a_job(tmp_path), request=REQUEST, grids=GRIDS, referee=referee, runner="workers")
    given = batch.parameters()
    assert set(given) == set(signature(compare_backbones.fn).parameters)
    allowed = compare_backbones.validate_parameters(given)
    assert (allowed["grids"], allowed["referee"], allowed["runner"]) == ([*GRIDS], referee, "workers")
    assert (allowed["pairs"], allowed["pairing"], allowed["allow_failures"]) == ("pairs.csv", "list", False)
    assert allowed["keep_older"] is False


@pytest.mark.parametrize("size", [0, 501])
def test_refuses_a_batch_of_task_runs_that_are_no_size(tmp_path: Path, size: int) -> None:
    with pytest.raises(PairingError, match=f"pairs_per_task={size} is not allowed; use 1 to 500"):
        Batch(job=a_job(tmp_path), request=REQUEST, pairs_per_task=size)


def test_refuses_a_comparison_of_one_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is one configuration only"):
        ComparisonBatch(job=a_job(tmp_path), request=REQUEST, grids=(Grid(config=CONFIG),))
