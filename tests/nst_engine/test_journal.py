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
    assert list(journal.chunks()) == chunks


def test_no_chunk_is_too_long_to_be_interrupted() -> None:
    chunks = list(Journal(small_config(iterations=1000, record_every=0)).chunks())
    assert sum(chunks) == 1000
    assert max(chunks) <= 100


def test_a_record_is_of_the_step_that_its_losses_were_read_at() -> None:
    journal = Journal(small_config(optimizer="adam", learning_rate=2.5))
    for steps in (4, 4, 0):
        journal.record(TERMS, 48, steps)
    assert [record.step for record in journal.history] == [0, 4, 8]
    assert journal.steps == 8
    record = journal.history[1]
    assert (record.content, record.style, record.tv, record.total) == (2, 30, 400, 13)
    assert (record.side, record.learning_rate) == (48, 2.5)


def test_a_record_tells_the_seconds_before_its_losses_were_read() -> None:
    journal = Journal(small_config())
    for _ in range(3):
        with journal.optimizing():
            sleep(0.02)
        journal.record(TERMS, 48, 4)
    first, second, third = (record.seconds for record in journal.history)
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
    journal = Journal(small_config(learning_rate=100, precision="mixed_float16"))
    journal.record(TERMS, 48, 4)
    with pytest.raises(TransferError) as caught:
        journal.record(np.array([1, 1, 1, total], np.float32), 48, 4)
    text = str(caught.value)
    assert f"the loss is {total} after 4 steps with learning_rate=100 and precision='mixed_float16'" in text
    assert "use a lower rate, or precision 'float32'" in text
    assert len(journal.history) == 1
