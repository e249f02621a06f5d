from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from nst_engine import TransferResult
from nst_engine.losses.balance import MOST, MOST_AT_ONCE, SLACK, balanced, gradient_ratio
from nst_engine.registry.losses import TermWeights
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels

WEIGHTS = TermWeights(content=2.0, style=0.5, tv=0.01)
WANTED = 4.0

# ---------------------------------------------------------------- the rule


def test_the_ratio_is_the_style_s_gradient_in_those_of_the_content() -> None:
    assert gradient_ratio(2.0, 6.0) == 3


@pytest.mark.parametrize(
    ("content", "style"),
    [
        (0.0, 6.0),
        (2.0, 0.0),
        (0.0, 0.0),
        (np.inf, 6.0),
        (2.0, np.inf),
        (np.nan, 6.0),
        (2.0, np.nan),
        (1e-300, 1e300),
        (1e300, 1e-300),
    ],
)
def test_a_gradient_that_is_zero_or_not_finite_tells_no_ratio(content: float, style: float) -> None:
    assert gradient_ratio(content, style) is None


@pytest.mark.parametrize("ratio", [None, WANTED, WANTED * SLACK, WANTED / SLACK])
def test_the_weights_stay_where_the_ratio_is_unknown_or_near_the_wanted_one(ratio: float | None) -> None:
    assert balanced(WEIGHTS, WEIGHTS, ratio, WANTED) == WEIGHTS


@pytest.mark.parametrize(("ratio", "factor"), [(1.0, 2.0), (2.0, 2**0.5), (8.0, 0.5**0.5), (16.0, 0.5)])
def test_else_the_style_s_weight_goes_half_of_the_way_in_octaves(ratio: float, factor: float) -> None:
    weights = balanced(WEIGHTS, WEIGHTS, ratio, WANTED)
    assert weights == WEIGHTS._replace(style=weights.style)
    assert weights.style == pytest.approx(WEIGHTS.style * factor)


@pytest.mark.parametrize(("ratio", "factor"), [(1e-6, MOST_AT_ONCE), (1e6, 1 / MOST_AT_ONCE)])
def test_a_weight_changes_by_no_more_than_a_factor_at_once(ratio: float, factor: float) -> None:
    assert balanced(WEIGHTS, WEIGHTS, ratio, WANTED).style == pytest.approx(WEIGHTS.style * factor)


@pytest.mark.parametrize(("ratio", "bound"), [(1e-6, MOST), (1e6, 1 / MOST)])
def test_a_weight_changes_by_no_more_than_a_factor_in_all(ratio: float, bound: float) -> None:
    weights = WEIGHTS
    for _ in range(20):
        weights = balanced(weights, WEIGHTS, ratio, WANTED)
    assert weights.style == pytest.approx(WEIGHTS.style * bound)


def test_a_style_without_weight_stays_without() -> None:
    without = WEIGHTS._replace(style=0.0)
    assert balanced(without, without, 1.0, WANTED) == without


# ---------------------------------------------------------------- at work


@pytest.fixture(scope="module")
def result() -> TransferResult:
    fields = {"optimizer": "lbfgs", "learning_rate": None, "iterations": 24, "record_every": 2, "levels": 2}
    layers = {"style_layers": ("block1_conv1", "block2_conv1")}
    return shared_engine(small_config(balance=WANTED, **fields, **layers)).run(content_pixels(), style_pixels())


def test_the_gradients_come_near_to_the_balance_and_stay_there(result: TransferResult) -> None:
    balances = [record.balance for record in result.history if record.balance is not None]
    assert max(balances[:3]) > 10 * WANTED
    assert WANTED / 2 < median(balances[-8:]) < WANTED * 2


def test_before_any_step_there_is_no_balance_and_the_weights_are_those_of_the_configuration(
    result: TransferResult,
) -> None:
    first = result.history[0]
    assert first.balance is None
    weights = result.config.loss_weights
    assert (first.content_weight, first.style_weight) == (weights.content, weights.style)


def test_each_weight_follows_from_the_one_before_and_from_the_balance_that_was_measured(result: TransferResult) -> None:
    first = result.config.loss_weights
    for before, after in pairwise(result.history[:-1]):
        weights = first._replace(content=before.content_weight, style=before.style_weight)
        if after.side == before.side:
            weights = balanced(weights, first, after.balance, WANTED)
        assert (after.content_weight, after.style_weight) == pytest.approx((weights.content, weights.style))
    assert len({record.style_weight for record in result.history}) > 3


def test_the_next_level_goes_on_with_the_weights_of_the_last(result: TransferResult) -> None:
    coarse = [record.style_weight for record in result.history if record.side == 34]
    fine = [record.style_weight for record in result.history if record.side == 48]
    assert fine[0] == coarse[-1] != coarse[0]


def test_the_total_of_each_record_is_the_sum_under_the_weights_of_that_record(result: TransferResult) -> None:
    for record in result.history:
        total = record.content_weight * record.content + record.style_weight * record.style + 0.02 * record.tv
        assert record.total == pytest.approx(total, rel=1e-5)


def test_each_measure_of_the_balance_counts_as_two_evaluations(result: TransferResult) -> None:
    steps, measures = 2 * 24, 2 * 11
    assert result.evaluations == steps + 2 * measures + 1


def test_a_style_wanted_stronger_ends_nearer_to_the_style() -> None:
    weak, strong = (
        shared_engine(small_config(balance=balance, style_layers=("block2_conv1",), record_every=2))
        .run(content_pixels(), style_pixels())
        .losses
        for balance in (0.5, 20.0)
    )
    assert strong.style < weak.style
    assert strong.content > weak.content


def test_without_a_balance_nothing_is_measured_and_no_weight_changes() -> None:
    history = shared_engine(small_config()).run(content_pixels(), style_pixels()).history
    assert {(record.balance, record.content_weight, record.style_weight) for record in history} == {(None, 1.0, 0.1)}
