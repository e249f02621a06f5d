"""The tables of a comparison: each answers one question with means over the same pairs."""

from pathlib import Path

import pytest

from tasks.comparison.grid import Grid
from tasks.comparison.judging import judged
from tasks.comparison.results import Comparison
from tasks.comparison.tables import Table
from tests.tasks.comparison.test_judging import OTHER, unheard
from tests.tasks.contest import TINY, a_contest, made
from tests.tasks.studio import CONFIG


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """All combinations of two rates and two pooling layers."""
    grid = Grid(config=CONFIG, vary={"learning_rate": [1.0, 8.0], "pooling": ["max", "average"]})
    job, trials = a_contest(tmp_path_factory.mktemp("contest"), grid)
    return judged(trials, made(trials, job), job, (OTHER, TINY), unheard)


@pytest.fixture(scope="module")
def answers(comparison: Comparison) -> dict[str, Table]:
    return {table.title: table for table in comparison.tables}


def test_there_is_a_table_for_each_question(answers: dict[str, Table]) -> None:
    assert list(answers) == [
        "Which configuration",
        "Total loss by iteration",
        "Seconds by iteration",
        "By pooling, learning_rate 1.0",
        "By pooling, learning_rate 8.0",
        "By learning_rate, pooling max",
        "By learning_rate, pooling average",
        "Score by referee",
    ]


def test_the_verdict_begins_with_the_least_score_and_names_the_referee(
    comparison: Comparison, answers: dict[str, Table]
) -> None:
    verdict = answers["Which configuration"]
    assert verdict.frame["score"].is_monotonic_increasing
    assert verdict.note.startswith("Judged by mobilenet_v2 random. ")
    assert verdict.note.endswith("Means over 2 pairs.")
    means = comparison.results.groupby("configuration")["score"].mean()
    assert list(verdict.frame["score"]) == [means[name] for name in verdict.frame["configuration"]]


def test_losses_and_seconds_are_read_where_the_curves_were_recorded(
    comparison: Comparison, answers: dict[str, Table]
) -> None:
    losses = answers["Total loss by iteration"].frame.set_index("configuration")
    assert list(losses.columns) == ["2", "4"]
    ends = comparison.results.groupby("configuration")["total_loss"].mean()
    assert dict(losses["4"]) == pytest.approx(dict(ends))
    seconds = answers["Seconds by iteration"].frame.set_index("configuration")
    assert (seconds["4"] >= seconds["2"]).all()


def test_what_a_field_does_is_told_where_nothing_else_changes(answers: dict[str, Table]) -> None:
    rates = answers["By learning_rate, pooling max"].frame
    assert list(rates["learning_rate"]) == ["1.0", "8.0"]
    verdict = answers["Which configuration"].frame.set_index("configuration")
    assert list(rates["score"]) == [verdict.loc[f"learning_rate={rate} pooling=max", "score"] for rate in (1, 8)]


def test_the_cross_table_has_a_column_for_each_referee(answers: dict[str, Table]) -> None:
    crossed = answers["Score by referee"].frame
    assert list(crossed.columns) == ["configuration", "mobilenet_v2 random", "tiny random"]
    assert len(crossed) == 4


def test_what_has_ended_is_not_read_any_more(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path)  # 2, 4 and 8 iterations
    found = judged(trials, made(trials, job), job, (TINY,), unheard).tables
    losses = next(table for table in found if table.title == "Total loss by iteration").frame.set_index("configuration")
    assert list(losses.columns) == ["2", "4", "6", "8"]
    assert list(losses.notna().sum(axis=1)) == [1, 2, 4]
