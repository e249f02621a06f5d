from time import sleep

import numpy as np
import pytest

from nst_engine import TransferError
from nst_engine.journal import Journal
from tests.nst_engine.small import small_config

TERMS = np.array([2, 30, 400, 13], np.float32)


@pytest.mark.parametrize(
    ("iterations", "record_every", "chunks"),
    [(12, 4, [4, 4, 4]), (10, 4, [4, 4, 2]), (3, 4, [3]), (3, 1, [1, 1, 1]), (30, 0, [30])],
)
def test_chunks_lie_between_records_and_add_up(iterations: int, record_every: int, chunks: list[int]) -> None:
    journal = Journal(small_config(iterations=iterations, record_every=record_every))
    assert [steps for _, steps in journal.chunks()] == chunks
    assert journal.steps == iterations


def test_no_chunk_is_too_long_to_be_interrupted() -> None:
    chunks = [steps for _, steps in Journal(small_config(iterations=1000, record_every=0)).chunks()]
    assert sum(chunks) == 1000
    assert max(chunks) <= 100


def test_a_record_is_of_the_step_that_its_losses_were_read_at() -> None:
    journal = Journal(small_config(optimizer="adam", learning_rate=2.5, iterations=8, record_every=4))
    journal.begin_level(48)
    records = [journal.record(TERMS) for _ in journal.chunks()]
    records.append(journal.record(TERMS))
    assert [record.step for record in records] == [0, 4, 8]
    record = records[1]
    assert (record.content, record.style, record.tv, record.total) == (2, 30, 400, 13)
    assert (record.side, record.learning_rate) == (48, 2.5)


def test_a_record_tells_the_seconds_before_its_losses_were_read() -> None:
    journal, records = Journal(small_config()), []
    for _ in range(3):
        with journal.optimizing():
            sleep(0.02)
        records.append(journal.record(TERMS))
    first, second, third = (record.seconds for record in records)
    assert first == 0
    assert 0.02 <= second <= third - 0.02
    assert third <= journal.timings.optimize - 0.02


def test_preparation_and_optimization_are_timed_apart() -> None:
    journal = Journal(small_config())
    with journal.preparing():
        sleep(0.03)
    with journal.optimizing():
        sleep(0.01)
    timings = journal.timings
    assert timings.prepare >= 0.03
    assert timings.optimize >= 0.01
    assert timings.total == timings.prepare + timings.optimize


@pytest.mark.parametrize("total", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_ends_the_transfer_with_its_rate_and_precision(total: float) -> None:
    journal = Journal(small_config(learning_rate=100, precision="mixed_float16", iterations=8, record_every=4))
    journal.steps = 4
    with pytest.raises(TransferError) as caught:
        journal.record(np.array([1, 1, 1, total], np.float32))
    text = str(caught.value)
    assert f"the loss is {total} after 4 steps with learning_rate=100 and precision='mixed_float16'" in text
    assert "use a lower rate, or precision 'float32'" in text


def totals_of(journal: Journal, totals: list[list[float]]) -> list[bool]:
    """Whether the journal saw a divergence in each of the returns from the device."""
    return [journal.diverged(np.array(values, np.float32)) for values in totals]


def test_a_loss_that_is_infinite_or_far_above_its_least_has_diverged_and_halves_the_rate() -> None:
    journal = Journal(small_config(optimizer="adam", learning_rate=100.0))
    seen = totals_of(journal, [[9, 8], [8, 15], [8, 17], [8, np.inf], [8, np.nan], [8, 7]])
    assert seen == [False, False, True, True, True, False]
    assert journal.rate == 12.5


def test_a_new_level_has_a_least_loss_of_its_own() -> None:
    journal = Journal(small_config())
    assert totals_of(journal, [[9, 8]]) == [False]
    journal.begin_level(64)
    assert totals_of(journal, [[90, 80]]) == [False]


def test_gives_up_after_many_divergences() -> None:
    journal = Journal(small_config(optimizer="adam", learning_rate=100.0))
    with pytest.raises(TransferError, match=r"the loss diverged 13 times, last with learning_rate=0\.02"):
        totals_of(journal, [[1, np.inf]] * 20)


def test_a_level_ends_on_a_plateau() -> None:
    journal, totals = (
        Journal(small_config(iterations=100, record_every=2, tolerance=0.01)),
        iter([9, 5, 4] + [3.99] * 50),
    )
    for _ in journal.chunks():
        value = next(totals)
        journal.diverged(np.array([value, value], np.float32))
    assert journal.steps == 16
    assert (journal.status, journal.stop_reason) == ("converged", "plateau")


def test_no_step_is_taken_after_the_time_limit() -> None:
    journal = Journal(small_config(iterations=100, record_every=2, time_limit=0.05))
    for _ in journal.chunks():
        with journal.optimizing():
            sleep(0.02)
    assert journal.steps == 6
    assert (journal.status, journal.stop_reason) == ("completed", "time limit")


def test_the_reason_tells_of_divergences() -> None:
    journal = Journal(small_config(optimizer="adam", learning_rate=100.0, iterations=4, record_every=4))
    for _ in journal.chunks():
        totals_of(journal, [[1, 5], [1, 5]])
    assert journal.stop_reason == "iterations; diverged 2 times, learning_rate 100 lowered to 25"
