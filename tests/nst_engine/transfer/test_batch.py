"""Several pairs at once: each ends as it does alone."""

from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from nst_engine import ImageError, NightbrushError, Record, Status, StyleTransfer, TransferError, TransferResult
from nst_engine.config import TransferConfig
from nst_engine.transfer.engine import Outcome
from nst_engine.transfer.optimization_loop import OptimizationLoop, Steps
from nst_engine.transfer.run_control import RunControl
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.exhaustion import alive_before_each, run_out
from tests.nst_engine.small import STYLE_LAYERS, content_pixels, noise_pixels, small_config, style_pixels

STYLE, OTHER = style_pixels(), noise_pixels(40, 32)
LAYERS = ("block2_conv1",)
PAIRS = [(content_pixels(), STYLE), (noise_pixels(), STYLE), (content_pixels(), OTHER)]


def config_of(**changes: Any) -> TransferConfig:
    fields: dict[str, Any] = {"content_layers": LAYERS, "style_layers": LAYERS, "iterations": 6, "record_every": 3}
    return small_config(**(fields | {"learning_rate": 2.0} | changes))


def engine_of(**changes: Any) -> StyleTransfer:
    return shared_engine(config_of(**changes))


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    return engine_of()


def completed(outcome: Outcome) -> TransferResult:
    assert isinstance(outcome, TransferResult)
    return outcome


def assert_alike(together: Outcome, alone: TransferResult) -> None:
    together = completed(together)
    assert [record.step for record in together.history] == [record.step for record in alone.history]
    for ours, theirs in zip(together.history, alone.history, strict=True):
        assert ours.total == pytest.approx(theirs.total, rel=1e-3)
    assert (together.status, together.stop_reason) == (alone.status, alone.stop_reason)
    assert (together.iterations, together.evaluations) == (alone.iterations, alone.evaluations)
    np.testing.assert_allclose(together.image, alone.image, atol=0.02)


# ---------------------------------------------------------------- as if alone


def test_pairs_of_one_shape_end_as_each_does_alone(engine: StyleTransfer) -> None:
    for together, pair in zip(engine.run_batch(PAIRS), PAIRS, strict=True):
        assert_alike(together, engine.run(*pair))


@pytest.mark.parametrize("changes", [{"optimizer": "lbfgs", "learning_rate": None}, {"tile": 32}], ids=str)
def test_they_do_so_with_lbfgs_and_in_tiles(changes: dict[str, Any]) -> None:
    engine = engine_of(**changes)
    for together, pair in zip(engine.run_batch(PAIRS[:2]), PAIRS, strict=False):
        assert_alike(together, engine.run(*pair))


def test_pairs_of_several_shapes_come_back_in_their_order(engine: StyleTransfer) -> None:
    sizes = [(48, 36), (36, 48), (48, 36), (24, 48), (96, 72)]
    results = engine.run_batch([(content_pixels(*size), STYLE) for size in sizes])
    assert [completed(result).size for result in results] == [(48, 36), (36, 48), (48, 36), (24, 48), (48, 36)]
    np.testing.assert_allclose(completed(results[0]).image, completed(results[2]).image, atol=1e-3)


def test_one_pair_alone_is_a_run(engine: StyleTransfer) -> None:
    (together,) = engine.run_batch(PAIRS[:1])
    np.testing.assert_array_equal(completed(together).image, engine.run(*PAIRS[0]).image)


def test_no_pairs_have_no_results(engine: StyleTransfer) -> None:
    assert engine.run_batch([]) == []


def test_records_are_heard_with_the_index_of_their_pair(engine: StyleTransfer) -> None:
    heard: list[tuple[int, Record]] = []
    pairs = [PAIRS[0], (b"no picture", STYLE), (content_pixels(36, 48), STYLE), PAIRS[1]]
    results = engine.run_batch(pairs, on_record=lambda index, record: heard.append((index, record)))
    for index in (0, 2, 3):
        assert tuple(record for i, record in heard if i == index) == completed(results[index]).history
    assert {index for index, _ in heard} == {0, 2, 3}


def test_time_spent_together_is_shared_among_the_pairs(engine: StyleTransfer) -> None:
    timings = [completed(result).timings for result in engine.run_batch(PAIRS)]
    assert all(seconds.optimize > 0 and seconds.prepare > 0 for seconds in timings)
    assert max(seconds.optimize for seconds in timings) < 2 * min(seconds.optimize for seconds in timings)


# ---------------------------------------------------------------- each stops by itself


def test_a_pair_that_converged_waits_for_the_others_as_it_is() -> None:
    quick, slow = (style_pixels(48, 36), style_pixels(48, 36)), (content_pixels(), STYLE)
    engine = engine_of(iterations=24, record_every=2, tolerance=0.01)
    first, last = (completed(result) for result in engine.run_batch([quick, slow]))
    assert first.iterations < last.iterations == 24
    assert (first.status, last.status) == (Status.CONVERGED, Status.COMPLETED)
    assert_alike(first, engine.run(*quick))


def test_a_pair_that_converged_is_balanced_no_more() -> None:
    balanced: dict[str, Any] = {"balance": 1.0, "tolerance": 0.9, "style_weight": 1e-3, "style_layers": STYLE_LAYERS}
    quick, slow = (content_pixels(), STYLE), (style_pixels(48, 36), STYLE)
    engine = engine_of(side=32, iterations=60, record_every=2, **balanced)
    first, last = (completed(result) for result in engine.run_batch([quick, slow]))
    assert first.iterations < last.iterations < 60
    assert_alike(first, engine.run(*quick))


# ---------------------------------------------------------------- one that fails


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        ((b"no picture", STYLE), "cannot be read"),
        ((content_pixels(), "absent.png"), "cannot be read"),
        ((content_pixels(48, 3), STYLE), "too narrow"),
        ((content_pixels(), style_pixels(48, 3)), "too narrow"),
    ],
    ids=["content", "style", "narrow content", "narrow style"],
)
def test_a_pair_whose_pictures_cannot_be_used_is_an_error_in_its_place(
    engine: StyleTransfer, pair: tuple[Any, Any], text: str
) -> None:
    first, failed, last = engine.run_batch([PAIRS[0], pair, PAIRS[1]])
    assert isinstance(failed, ImageError)
    assert text in str(failed)
    assert completed(first).iterations == completed(last).iterations == 6


def test_a_picture_that_is_gone_when_its_turn_comes_is_an_error_in_its_place(
    engine: StyleTransfer, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.png"
    Image.fromarray(content_pixels(36, 48)).save(gone)
    pairs: list[Any] = [PAIRS[0], (gone, STYLE), (content_pixels(36, 48), STYLE)]
    first, failed, last = engine.run_batch(pairs, on_record=lambda *_: gone.unlink(missing_ok=True))
    assert completed(first).iterations == completed(last).iterations == 6
    assert isinstance(failed, ImageError)


def test_a_pair_whose_loss_is_not_finite_is_an_error_in_its_place(
    engine: StyleTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = engine.run(*PAIRS[2])
    advance, calls = OptimizationLoop.advance, count(1)

    def poisoned(self: OptimizationLoop, *arguments: Any) -> Steps:
        taken = advance(self, *arguments)
        terms = taken.terms.copy()
        terms[:, 1] += np.nan if next(calls) == 2 else 0
        return taken._replace(terms=terms)

    monkeypatch.setattr(OptimizationLoop, "advance", poisoned)
    first, failed, last = engine.run_batch(PAIRS)
    assert isinstance(failed, TransferError)
    assert "the loss is nan after 3 steps" in str(failed)
    assert completed(first).iterations == 6
    assert_alike(last, expected)


def test_a_pair_that_fails_in_the_very_end_is_an_error_in_its_place(
    engine: StyleTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, ended = RunControl.record, list[RunControl]()

    def failing(self: RunControl, terms: Any) -> Record:
        ended.extend([self] * (self.steps == 6))
        return record(self, terms * np.nan if ended[1:2] == [self] else terms)

    monkeypatch.setattr(RunControl, "record", failing)
    first, failed, last = engine.run_batch(PAIRS)
    assert completed(first).iterations == completed(last).iterations == 6
    assert isinstance(failed, TransferError)
    assert "the loss is nan after 6 steps" in str(failed)


# ---------------------------------------------------------------- memory


class Halved(NamedTuple):
    """The outcomes of a batch whose pairs fit the memory only one at a time.

    Attributes:
        asked: pictures in each call for steps.
        alive: optimizations that were in memory before each that was made: for 3 pictures, 1, 2, and 1.
        results: of the batch.
    """

    asked: list[int]
    alive: list[int]
    results: list[Outcome]


@pytest.fixture(scope="module")
def halved() -> Halved:
    asked = list[int]()
    with pytest.MonkeyPatch.context() as patch:
        alive = alive_before_each(patch)
        run_out(patch, lambda _calls, pictures: asked.append(pictures) or pictures > 1)
        return Halved(asked, alive, StyleTransfer(config_of()).run_batch(PAIRS))


def test_pairs_for_which_memory_runs_out_begin_again_in_halves(engine: StyleTransfer, halved: Halved) -> None:
    assert halved.asked == [3, 1, 1, 2, 1, 1, 1, 1]
    for result, pair in zip(halved.results, PAIRS, strict=True):
        assert_alike(result, engine.run(*pair))


def test_the_batch_that_did_not_fit_the_memory_is_freed_before_its_halves_begin(halved: Halved) -> None:
    assert halved.alive == [0, 0, 1, 0]


def test_a_pair_for_which_alone_no_tile_is_small_enough_is_an_error_in_its_place(
    engine: StyleTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_out(monkeypatch, lambda _calls, _pictures: True)
    for outcome in engine.run_batch(PAIRS[:2]):
        assert isinstance(outcome, NightbrushError)
        assert "memory ran out for 48x36 pixels" in str(outcome)
