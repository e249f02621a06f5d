from time import sleep
from typing import Any

import numpy as np
import pytest

from nst_engine import TransferError
from nst_engine.registry.losses import TermWeights
from nst_engine.transfer.run_control import RunControl, spending
from tests.nst_engine.small import small_config

TERMS = np.array([2, 30, 400, 13], np.float32)


def control_of(**changes: Any) -> RunControl:
    return RunControl(small_config(**changes), loss_scale=1.0)


def test_a_level_goes_on_until_its_iterations_are_done() -> None:
    control = control_of(iterations=12)
    assert [control.goes_on(done) for done in (0, 4, 11, 12)] == [True, True, True, False]
    assert (control.status, control.stop_reason) == ("completed", "iterations")


def test_a_record_is_of_the_step_that_its_losses_were_read_at() -> None:
    control = control_of(optimizer="adam", learning_rate=2.5)
    control.begin_level(48)
    control.steps, control.loss_scale, control.balance = 4, 64.0, 3.0
    record = control.record(TERMS)
    assert (record.step, record.side, record.learning_rate) == (4, 48, 2.5)
    assert (record.content, record.style, record.tv, record.total) == (2, 30, 400, 13)
    assert (record.content_weight, record.style_weight) == (1.0, 0.1)
    assert (record.loss_scale, record.balance) == (64, 3)


def test_a_record_tells_the_seconds_before_its_losses_were_read() -> None:
    control, records = control_of(), []
    for seconds in (2.0, 3.0, 5.0):
        control.spend("optimize", seconds)
        records.append(control.record(TERMS))
    assert [record.seconds for record in records] == [0, 2, 5]
    assert control.timings.optimize == 10


def test_time_spent_together_is_shared() -> None:
    controls = [control_of() for _ in range(4)]
    with spending(controls, "prepare"):
        sleep(0.04)
    with spending(controls[:1], "optimize"):
        sleep(0.01)
    assert 0.01 <= controls[1].timings.prepare == pytest.approx(controls[0].timings.prepare, rel=0.2)
    assert controls[0].timings.optimize >= 0.01
    assert controls[1].timings.optimize == 0
    assert controls[0].timings.total == controls[0].timings.prepare + controls[0].timings.optimize


@pytest.mark.parametrize("total", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_ends_the_transfer_with_its_rate_and_precision(total: float) -> None:
    control = control_of(learning_rate=100, precision="mixed_float16", iterations=8, record_every=4)
    control.steps = 4
    with pytest.raises(TransferError) as caught:
        control.record(np.array([1, 1, 1, total], np.float32))
    text = str(caught.value)
    assert f"the loss is {total} after 4 steps with learning_rate=100 and precision='mixed_float16'" in text
    assert "use a lower rate, or precision 'float32'" in text


def divergences(control: RunControl, totals: list[list[float]]) -> list[bool]:
    """Whether the control saw a divergence in each of the returns from the device."""
    return [control.diverged(np.array(values, np.float32), np.ones(len(values), bool)) for values in totals]


def test_a_loss_that_is_infinite_or_far_above_its_least_has_diverged_and_halves_the_rate() -> None:
    control = control_of(optimizer="adam", learning_rate=100.0)
    seen = divergences(control, [[9, 8], [8, 15], [8, 17], [8, np.inf], [8, np.nan], [8, 7]])
    assert seen == [False, False, True, True, True, False]
    assert control.rate == 12.5


def test_a_gradient_that_is_not_finite_in_the_end_has_diverged() -> None:
    control, totals = control_of(optimizer="adam"), np.ones(3, np.float32)
    assert not control.diverged(totals, np.array([True, False, True]))
    assert control.diverged(totals, np.array([True, True, False]))


def test_gradients_that_were_never_finite_end_the_transfer() -> None:
    with pytest.raises(TransferError, match="no gradient is finite after 0 steps"):
        control_of().diverged(np.ones(3, np.float32), np.zeros(3, bool))


def test_a_new_level_has_a_least_loss_of_its_own() -> None:
    control = control_of()
    assert divergences(control, [[9, 8]]) == [False]
    control.begin_level(64)
    assert divergences(control, [[90, 80]]) == [False]


def test_gives_up_after_many_divergences() -> None:
    control = control_of(optimizer="adam", learning_rate=100.0)
    with pytest.raises(TransferError, match=r"the loss diverged 13 times after 0 steps with learning_rate=0\.012"):
        divergences(control, [[1, np.inf]] * 20)


def test_lbfgs_goes_over_to_adam_after_many_divergences_and_gives_up_after_as_many_more() -> None:
    control = control_of(optimizer="lbfgs", learning_rate=1.0)
    divergences(control, [[1, np.inf]] * 13)
    assert (control.optimizer, control.rate) == ("adam", 5)
    divergences(control, [[1, np.inf]] * 2)
    control.goes_on(12)
    assert control.stop_reason == (
        "iterations; lbfgs diverged 13 times, went on with adam; diverged 2 times, learning_rate 5 lowered to 1.25"
    )
    with pytest.raises(TransferError, match="the loss diverged 13 times"):
        divergences(control, [[1, np.inf]] * 11)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_level_ends_on_a_plateau_of_five_records_however_often_it_returns(steps: int) -> None:
    control = control_of(iterations=100, record_every=2, tolerance=0.01)
    while control.goes_on(control.steps):
        divergences(control, [[max(3.99, 9.0 - control.steps)] * 2])
        control.steps += steps
    assert control.steps == (16 if steps == 1 else 18)
    assert (control.status, control.stop_reason) == ("converged", "plateau")


def test_losses_under_other_weights_are_no_plateau() -> None:
    control = control_of(iterations=100, record_every=2, tolerance=0.01)
    for control.steps in range(0, 10, 2):
        divergences(control, [[4, 4]])
    control.begin_anew()
    for control.steps in (10, 12):
        divergences(control, [[9, 9]])
    assert control.goes_on(14)


def test_no_step_is_taken_after_the_time_limit() -> None:
    control = control_of(iterations=100, time_limit=5.0)
    control.spend("optimize", 4.9)
    assert control.goes_on(2)
    control.spend("optimize", 0.2)
    assert not control.goes_on(4)
    assert (control.status, control.stop_reason) == ("completed", "time limit")


def test_the_reason_tells_of_divergences_and_turns() -> None:
    control = control_of(optimizer="adam", learning_rate=100.0)
    divergences(control, [[1, 5], [1, 5]])
    control.turn("memory ran out")
    control.goes_on(12)
    assert control.stop_reason == "iterations; memory ran out; diverged 2 times, learning_rate 100 lowered to 25"


def test_the_account_of_another_version_is_resumed_by_what_both_know() -> None:
    control = control_of(optimizer="adam", learning_rate=2.5)
    control.steps, control.rate, control.weights = 4, 1.25, TermWeights(content=1.0, style=9.0, tv=0.5)
    control.keep(control.record(TERMS))
    account = control.account()
    account["history"] = [values | {"novel": 1} for values in account["history"]]
    del account["loss_scale"], account["turns"]
    again = control_of(optimizer="adam", learning_rate=2.5, tv_weight=0.25)
    again.resume(account | {"novel": 2, "weights": [1.0, 9.0]})
    assert (again.steps, again.rate, again.loss_scale) == (4, 1.25, 1.0)
    assert again.weights == TermWeights(content=1.0, style=9.0, tv=0.25)
    assert again.history == control.history
    assert again.stop_reason.endswith("resumed after 4 steps")
