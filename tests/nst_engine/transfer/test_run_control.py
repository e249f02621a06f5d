from time import sleep
from typing import Any

import numpy as np
import pytest

from nst_engine import TransferError
from nst_engine.transfer.run_control import Journal, spending
from tests.nst_engine.small import small_config

TERMS = np.array([2, 30, 400, 13], np.float32)


def journal_of(**changes: Any) -> Journal:
    return Journal(small_config(**changes), loss_scale=1.0)


def test_a_level_goes_on_until_its_iterations_are_done() -> None:
    journal = journal_of(iterations=12)
    assert [journal.goes_on(done) for done in (0, 4, 11, 12)] == [True, True, True, False]
    assert (journal.status, journal.stop_reason) == ("completed", "iterations")


def test_a_record_is_of_the_step_that_its_losses_were_read_at() -> None:
    journal = journal_of(optimizer="adam", learning_rate=2.5)
    journal.begin_level(48)
    journal.steps, journal.loss_scale, journal.balance = 4, 64.0, 3.0
    record = journal.record(TERMS)
    assert (record.step, record.side, record.learning_rate) == (4, 48, 2.5)
    assert (record.content, record.style, record.tv, record.total) == (2, 30, 400, 13)
    assert (record.content_weight, record.style_weight) == (1.0, 0.1)
    assert (record.loss_scale, record.balance) == (64, 3)


def test_a_record_tells_the_seconds_before_its_losses_were_read() -> None:
    journal, records = journal_of(), []
    for seconds in (2.0, 3.0, 5.0):
        journal.spend("optimize", seconds)
        records.append(journal.record(TERMS))
    assert [record.seconds for record in records] == [0, 2, 5]
    assert journal.timings.optimize == 10


def test_time_spent_together_is_shared() -> None:
    journals = [journal_of() for _ in range(4)]
    with spending(journals, "prepare"):
        sleep(0.04)
    with spending(journals[:1], "optimize"):
        sleep(0.01)
    assert 0.01 <= journals[1].timings.prepare == pytest.approx(journals[0].timings.prepare, rel=0.2)
    assert journals[0].timings.optimize >= 0.01
    assert journals[1].timings.optimize == 0
    assert journals[0].timings.total == journals[0].timings.prepare + journals[0].timings.optimize


@pytest.mark.parametrize("total", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_ends_the_transfer_with_its_rate_and_precision(total: float) -> None:
    journal = journal_of(learning_rate=100, precision="mixed_float16", iterations=8, record_every=4)
    journal.steps = 4
    with pytest.raises(TransferError) as caught:
        journal.record(np.array([1, 1, 1, total], np.float32))
    text = str(caught.value)
    assert f"the loss is {total} after 4 steps with learning_rate=100 and precision='mixed_float16'" in text
    assert "use a lower rate, or precision 'float32'" in text


def divergences(journal: Journal, totals: list[list[float]]) -> list[bool]:
    """Whether the journal saw a divergence in each of the returns from the device."""
    return [journal.diverged(np.array(values, np.float32), np.ones(len(values), bool)) for values in totals]


def test_a_loss_that_is_infinite_or_far_above_its_least_has_diverged_and_halves_the_rate() -> None:
    journal = journal_of(optimizer="adam", learning_rate=100.0)
    seen = divergences(journal, [[9, 8], [8, 15], [8, 17], [8, np.inf], [8, np.nan], [8, 7]])
    assert seen == [False, False, True, True, True, False]
    assert journal.rate == 12.5


def test_a_gradient_that_is_not_finite_in_the_end_has_diverged() -> None:
    journal, totals = journal_of(optimizer="adam"), np.ones(3, np.float32)
    assert not journal.diverged(totals, np.array([True, False, True]))
    assert journal.diverged(totals, np.array([True, True, False]))


def test_gradients_that_were_never_finite_end_the_transfer() -> None:
    with pytest.raises(TransferError, match="no gradient is finite after 0 steps"):
        journal_of().diverged(np.ones(3, np.float32), np.zeros(3, bool))


def test_a_new_level_has_a_least_loss_of_its_own() -> None:
    journal = journal_of()
    assert divergences(journal, [[9, 8]]) == [False]
    journal.begin_level(64)
    assert divergences(journal, [[90, 80]]) == [False]


def test_gives_up_after_many_divergences() -> None:
    journal = journal_of(optimizer="adam", learning_rate=100.0)
    with pytest.raises(TransferError, match=r"the loss diverged 13 times after 0 steps with learning_rate=0\.012"):
        divergences(journal, [[1, np.inf]] * 20)


def test_lbfgs_goes_over_to_adam_after_many_divergences_and_gives_up_after_as_many_more() -> None:
    journal = journal_of(optimizer="lbfgs", learning_rate=1.0)
    divergences(journal, [[1, np.inf]] * 13)
    assert (journal.optimizer, journal.rate) == ("adam", 5)
    divergences(journal, [[1, np.inf]] * 2)
    journal.goes_on(12)
    assert journal.stop_reason == (
        "iterations; lbfgs diverged 13 times, went on with adam; diverged 2 times, learning_rate 5 lowered to 1.25"
    )
    with pytest.raises(TransferError, match="the loss diverged 13 times"):
        divergences(journal, [[1, np.inf]] * 11)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_level_ends_on_a_plateau_of_five_records_however_often_it_returns(steps: int) -> None:
    journal = journal_of(iterations=100, record_every=2, tolerance=0.01)
    while journal.goes_on(journal.steps):
        divergences(journal, [[max(3.99, 9.0 - journal.steps)] * 2])
        journal.steps += steps
    assert journal.steps == (16 if steps == 1 else 18)
    assert (journal.status, journal.stop_reason) == ("converged", "plateau")


def test_losses_under_other_weights_are_no_plateau() -> None:
    journal = journal_of(iterations=100, record_every=2, tolerance=0.01)
    for journal.steps in range(0, 10, 2):
        divergences(journal, [[4, 4]])
    journal.begin_anew()
    for journal.steps in (10, 12):
        divergences(journal, [[9, 9]])
    assert journal.goes_on(14)


def test_no_step_is_taken_after_the_time_limit() -> None:
    journal = journal_of(iterations=100, time_limit=5.0)
    journal.spend("optimize", 4.9)
    assert journal.goes_on(2)
    journal.spend("optimize", 0.2)
    assert not journal.goes_on(4)
    assert (journal.status, journal.stop_reason) == ("completed", "time limit")


def test_the_reason_tells_of_divergences_and_turns() -> None:
    journal = journal_of(optimizer="adam", learning_rate=100.0)
    divergences(journal, [[1, 5], [1, 5]])
    journal.turn("memory ran out")
    journal.goes_on(12)
    assert journal.stop_reason == "iterations; memory ran out; diverged 2 times, learning_rate 100 lowered to 25"
