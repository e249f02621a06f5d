"""Pictures of a comparison are read again and judged, each by every referee."""

from dataclasses import replace
from pathlib import Path

import pytest

from nst_engine import Status
from nst_engine.judging.referee import LAST_RESORT, Referee
from tasks.comparison.grid import Grid
from tasks.comparison.judging import judged, referees
from tasks.making.stylize_pair import failed_row
from tests.tasks.contest import TINY, a_contest, made
from tests.tasks.studio import CONFIG

OTHER = Referee(backbone="mobilenet_v2", weights="random")


def unheard(_: str) -> None:
    """Ignore a line of the log."""


def test_every_picture_is_scored_by_every_referee(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path)
    comparison = judged(trials, made(trials, job), job, (TINY, OTHER), unheard)
    assert [it.trial for it in comparison.judged] == list(trials)
    for it in comparison.judged:
        assert set(it.distances) == {TINY, OTHER}
        assert it.measures is not None
        assert it.history[-1]["step"] == it.trial.variant.config.iterations


def test_a_referee_that_took_part_sees_what_the_engine_saw(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path)
    rows = made(trials, job)
    for it in judged(trials, rows, job, (TINY,), unheard).judged:
        assert it.distances[TINY].style == pytest.approx(it.row.style_loss, rel=0.05)


def test_a_pair_that_failed_is_judged_by_nobody(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path)
    rows = [failed_row(trials[0].spec, job, "no picture"), *made(trials[1:], job)]
    first, second, *_ = judged(trials, rows, job, (TINY,), unheard).judged
    assert (first.row.status, first.measures, first.distances) == (Status.FAILED, None, {})
    assert second.distances


def test_a_picture_in_the_format_of_an_earlier_release_is_judged(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path)
    rows = made(trials, job)
    older = Path(rows[0].output).rename(Path(rows[0].output).with_suffix(".webp"))
    rows[0] = replace(rows[0], output=str(older))
    assert all(it.distances for it in judged(trials, rows, job, (TINY,), unheard).judged)


def test_a_picture_that_is_gone_is_said_so_and_the_others_are_judged(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path)
    rows = made(trials, job)
    Path(rows[0].output).unlink()
    lines: list[str] = []
    first, *others = judged(trials, rows, job, (TINY,), lines.append).judged
    assert first.measures is None
    assert all(it.distances for it in others)
    (line,) = lines
    assert line.startswith(f"{trials[0].spec.name} is not judged: ")


def test_the_first_referee_is_the_one_that_was_asked_for_and_those_that_took_part_follow(tmp_path: Path) -> None:
    _, trials = a_contest(tmp_path, Grid(config=CONFIG, vary={"backbone": ["tiny", "mobilenet_v2"]}))
    assert referees(trials, LAST_RESORT) == (LAST_RESORT, TINY, OTHER)
    assert referees(trials, OTHER) == (OTHER, TINY)


def test_a_referee_that_took_no_part_is_chosen_unless_one_is_asked_for(tmp_path: Path) -> None:
    _, trials = a_contest(tmp_path)
    first, *others = referees(trials)
    assert not first.took_part(trial.variant.config for trial in trials)
    assert others == [TINY]
