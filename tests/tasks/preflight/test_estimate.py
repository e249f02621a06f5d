from dataclasses import replace
from pathlib import Path

import pytest

from nst_engine.errors import ImageError
from tasks.planning.job import Job
from tasks.preflight.estimate import estimate
from tasks.storage import StorageError
from tests.tasks.studio import BROKEN_JPEG, CONFIG, a_job, a_pair, output_of, paint


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path, CONFIG.replace(iterations=10))


def test_tells_size_steps_and_seconds(job: Job) -> None:
    cost = estimate(a_pair(), job)
    assert (cost.width, cost.height, cost.steps) == (32, 24, 10)
    assert 0 < cost.seconds < 10


def test_counts_the_steps_of_all_levels(tmp_path: Path) -> None:
    job = a_job(tmp_path, CONFIG.replace(side=64, levels=3, iterations=10))
    cost = estimate(a_pair(), job)
    assert (cost.width, cost.height, cost.steps) == (64, 48, 30)


def test_seconds_grow_with_the_steps(tmp_path: Path) -> None:
    few, many = (
        estimate(a_pair(), a_job(tmp_path, CONFIG.replace(iterations=count))).seconds for count in (10, 100_000)
    )
    assert many > 100 * few


@pytest.mark.parametrize("limit", [1e-6, 0.5])
def test_no_estimate_is_longer_than_the_time_limit(tmp_path: Path, limit: float) -> None:
    cost = estimate(a_pair(), a_job(tmp_path, CONFIG.replace(iterations=1_000_000, time_limit=limit)))
    assert cost.seconds == limit


def test_takes_the_pairs_own_settings(job: Job) -> None:
    cost = estimate(replace(a_pair(), overrides=(("iterations", 6), ("side", 40))), job)
    assert (cost.width, cost.height, cost.steps) == (40, 30, 6)


def test_writes_nothing(job: Job) -> None:
    estimate(a_pair(), job)
    assert not output_of(job).root.exists()


def test_uses_the_contents_own_size_where_no_side_is_given(tmp_path: Path) -> None:
    paint(tmp_path / "contents" / "small.png", 3, 20, 28)
    cost = estimate(a_pair("small.png"), a_job(tmp_path, CONFIG.replace(side=None)))
    assert (cost.width, cost.height) == (20, 28)


def test_a_size_that_the_format_cannot_hold_is_an_error_before_a_step(tmp_path: Path) -> None:
    job = a_job(tmp_path, CONFIG.replace(side=16_384, format="webp"))
    paint(Path(job.content, "lake.png"), 1, 120, 30)
    with pytest.raises(ImageError, match="16384 x 4096 pixels do not fit webp"):
        estimate(a_pair(), job)


def test_a_picture_that_cannot_be_read_is_an_error(job: Job) -> None:
    Path(job.content, "lake.png").write_bytes(BROKEN_JPEG)
    with pytest.raises(ImageError, match=r"picture '.*lake\.png' cannot be read"):
        estimate(a_pair(), job)
    with pytest.raises(StorageError, match="does not exist"):
        estimate(a_pair("gone.png"), job)
