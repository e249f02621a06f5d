"""What a batch takes if it is painted, and if it is optimized."""

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.planning.job import Job
from tasks.preflight.painting import Painted, Ways, estimate_ways
from tasks.preflight.workload import Failure
from tests.tasks.studio import CONFIG, a_job, a_pair

PAINT = CONFIG.replace(method="paint", updates=1000)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path, PAINT)


def test_both_ways_are_told_and_from_how_many_pictures_painting_pays() -> None:
    ways = Ways(optimize=35.0, learn=3120.0, paint=0.17)
    assert list(ways.lines(10_000, 1)) == [
        "optimize: 10000 pictures, 97 h 13 min",
        "paint: learn 1 style 52 min 0 s at most, then 28 min 20 s",
        "paint pays from 90 pictures a style",
    ]
    assert "learn 12 styles 10 h 24 min at most" in list(ways.lines(10_000, 12))[1]


def test_painting_that_never_pays_is_not_said_to() -> None:
    ways = Ways(optimize=0.1, learn=60.0, paint=0.2)
    assert ways.pays_from is None
    assert len(list(ways.lines(10, 1))) == 2


def test_a_trial_on_one_pair_gives_the_seconds_of_both_ways(job: Job) -> None:
    ways = estimate_ways(a_pair(), job)
    assert min(ways.optimize, ways.learn, ways.paint) > 0


def test_a_batch_that_is_painted_is_told_of_both_ways_or_why_it_will_fail(job: Job) -> None:
    pairs = [a_pair(), a_pair("hill.png"), a_pair(style="swirl.png")]
    counted = Painted.of(pairs)
    assert (counted.pictures, counted.styles) == (3, 2)
    first, *others = counted.lines(job)
    assert first.startswith("optimize: 3 pictures, ")
    assert others[0].startswith("paint: learn 2 styles ")
    [line] = Painted.of([a_pair("absent.png")]).lines(job)
    assert isinstance(line, Failure)
    assert line.startswith("tiny/absent--wave will fail: ")


def test_a_batch_that_is_optimized_is_told_of_painting_only_where_a_style_has_many_pictures(job: Job) -> None:
    optimized = replace(job, config=CONFIG)
    assert list(Painted.of([a_pair()] * 49).lines(optimized)) == []
    assert len(list(Painted.of([a_pair()] * 50).lines(optimized))) >= 2
    assert list(Painted.of([]).lines(job)) == []
