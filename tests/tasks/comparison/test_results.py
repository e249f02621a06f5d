"""What a comparison tells: its records, its results, and who says what."""

from pathlib import Path

import pandas as pd
import pytest

from tasks.comparison.grid import Grid, Trial
from tasks.comparison.judging import judged
from tasks.comparison.results import Comparison
from tasks.comparison.tables import MEASURES, SCORES
from tasks.making.stylize_pair import failed_row
from tasks.planning.job import Job
from tasks.records.row import ManifestRow
from tests.tasks.compared import a_comparison
from tests.tasks.comparison.test_judging import OTHER, unheard
from tests.tasks.contest import TINY, a_contest, made
from tests.tasks.studio import CONFIG

Contest = tuple[Job, tuple[Trial, ...], list[ManifestRow]]


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Contest:
    job, trials = a_contest(tmp_path_factory.mktemp("contest"))
    return job, trials, made(trials, job)


def compared(contest: Contest, failed: int | None = None) -> Comparison:
    """The comparison, with or without the picture of that index."""
    job, trials, rows = contest
    rows = [failed_row(trials[i].spec, job, "no picture") if i == failed else row for i, row in enumerate(rows)]
    return judged(trials, rows, job, (OTHER, TINY), unheard)


def test_it_knows_its_pairs_its_configurations_and_what_sets_them_apart(contest: Contest) -> None:
    comparison = compared(contest)
    assert comparison.pairs == ("hill--wave", "lake--wave")
    assert [variant.name for variant in comparison.variants] == ["iterations=2", "iterations=4", "iterations=8"]
    assert comparison.varied == ("iterations",)


def test_curves_have_every_record_of_every_picture_in_long_format(contest: Contest) -> None:
    comparison = compared(contest)
    curves = comparison.curves
    assert list(curves.columns) == [
        *("pair", "configuration", "step", "side", "seconds"),
        *("total", "content", "style", "tv", "learning_rate"),
    ]
    assert len(curves) == sum(len(it.history) for it in comparison.judged)
    one = curves[(curves["pair"] == "lake--wave") & (curves["configuration"] == "iterations=4")]
    assert list(one["step"]) == [0, 2, 4]
    assert one["seconds"].is_monotonic_increasing
    weights = CONFIG.loss_weights
    weighed = weights[0] * one["content"] + weights[1] * one["style"] + weights[2] * one["tv"]
    assert list(weighed) == pytest.approx(list(one["total"]), rel=1e-5)


def test_results_are_a_row_for_each_pair_and_configuration(contest: Contest) -> None:
    comparison = compared(contest)
    results = comparison.results
    assert len(results) == 6
    assert list(results["iterations"]) == [2, 2, 4, 4, 8, 8]
    assert set(results["referee"]) == {"mobilenet_v2 random"}
    first = comparison.judged[0]
    assert results.loc[0, "score"] == first.distances[OTHER].score
    assert results.loc[0, "total_loss"] == first.row.total_loss
    assert results[[*SCORES, *MEASURES]].notna().all(axis=None)


def test_each_referee_has_its_say_and_is_told_from_those_who_took_no_part(contest: Contest) -> None:
    crossed = compared(contest).crossed
    assert len(crossed) == 12
    assert dict(zip(crossed["referee"], crossed["took_part"], strict=True)) == {
        "mobilenet_v2 random": False,
        "tiny random": True,
    }


def test_a_failure_is_a_row_with_its_reason_and_without_figures(contest: Contest) -> None:
    comparison = compared(contest, failed=0)
    row = comparison.results.iloc[0]
    assert (row["status"], row["error"]) == ("failed", "no picture")
    assert pd.isna(row["score"])
    assert len(comparison.crossed) == 10


def test_means_are_over_pairs_that_every_configuration_has(contest: Contest) -> None:
    assert compared(contest).complete == ("hill--wave", "lake--wave")
    assert compared(contest, failed=0).complete == ("lake--wave",)


def test_networks_with_random_weights_are_named(contest: Contest) -> None:
    assert compared(contest).untrained == ("tiny random", "mobilenet_v2 random")


def test_a_configuration_that_has_no_picture_at_all_does_not_hide_the_others(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path, Grid(config=CONFIG, vary={"iterations": [2, 4]}))
    rows = made(trials[:2], job) + [failed_row(trial.spec, job, "no memory") for trial in trials[2:]]
    assert judged(trials, rows, job, (TINY,), unheard).complete == ("hill--wave", "lake--wave")


def test_the_tables_are_made_once_and_the_verdict_is_the_first() -> None:
    comparison = a_comparison()
    assert comparison.tables is comparison.tables
    assert comparison.verdict is comparison.tables[0]
    assert comparison.verdict.title == "Which configuration"
