"""Memory that runs out for one picture: the transfer goes on from where it is, in smaller and smaller tiles."""

from typing import Any

import pytest
import tensorflow as tf

from nst_engine import StyleTransfer, TransferError, TransferResult
from nst_engine.config import TransferConfig
from nst_engine.transfer.optimization_loop import OptimizationLoop
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.exhaustion import alive_before_each, run_out
from tests.nst_engine.small import content_pixels, small_config, style_pixels

STYLE = style_pixels()


def config_of(**changes: Any) -> TransferConfig:
    layers = dict.fromkeys(("content_layers", "style_layers"), ("block1_conv1",))
    fields: dict[str, Any] = {"side": None, "iterations": 4, "record_every": 2, "learning_rate": 2.0}
    return small_config(**(layers | fields | changes))


def run(width: int = 300, **changes: Any) -> TransferResult:
    return shared_engine(config_of(**changes)).run(content_pixels(width, 24), STYLE)


@pytest.fixture(scope="module")
def undisturbed() -> TransferResult:
    return run()


def test_without_any_need_a_picture_is_taken_whole(undisturbed: TransferResult) -> None:
    assert undisturbed.tile is None
    assert undisturbed.stop_reason == "iterations"


@pytest.fixture(scope="module")
def disturbed() -> tuple[TransferResult, list[int]]:
    """A result for which memory ran out after 2 steps, and how many optimizations were in memory before each."""
    with pytest.MonkeyPatch.context() as patch:
        alive = alive_before_each(patch)
        run_out(patch, lambda calls, _pictures: calls == 1)
        return StyleTransfer(config_of()).run(content_pixels(300, 24), STYLE), alive


def test_a_transfer_for_which_memory_ran_out_goes_on_in_tiles_and_tells(
    undisturbed: TransferResult, disturbed: tuple[TransferResult, list[int]]
) -> None:
    result, _ = disturbed
    assert result.tile == 256
    assert result.stop_reason == "iterations; memory ran out, went on in tiles of 256 pixels"
    assert result.provenance["tile"] == 256
    assert [record.step for record in result.history] == [0, 2, 4]
    for ours, theirs in zip(result.history[:2], undisturbed.history, strict=False):
        assert ours.total == pytest.approx(theirs.total, rel=1e-3)
    assert result.losses.total < result.history[1].total


def test_the_graph_that_did_not_fit_the_memory_is_freed_before_the_next_is_made(
    disturbed: tuple[TransferResult, list[int]],
) -> None:
    assert disturbed[1] == [0, 0]


def test_the_next_level_begins_in_the_tiles_that_the_last_one_ended_in(monkeypatch: pytest.MonkeyPatch) -> None:
    run_out(monkeypatch, lambda calls, _pictures: calls == 0)
    result = run(width=380, levels=2, iterations=1)
    assert result.stop_reason == "iterations; memory ran out, went on in tiles of 256 pixels"
    assert [record.side for record in result.history] == [269, 380, 380]
    assert result.tile == 256


def test_memory_that_runs_out_while_the_graph_is_made_leads_to_smaller_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    make, made = OptimizationLoop.__init__, list[OptimizationLoop]()

    def exhausted(self: OptimizationLoop, *arguments: Any) -> None:
        made.append(self)
        if len(made) == 1:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        make(self, *arguments)

    monkeypatch.setattr(OptimizationLoop, "__init__", exhausted)
    result = StyleTransfer(config_of(iterations=1)).run(content_pixels(300, 24), STYLE)
    assert (result.tile, result.iterations) == (256, 1)


def test_memory_that_runs_out_in_the_last_evaluation_leads_to_smaller_tiles() -> None:
    engine = StyleTransfer(config_of(iterations=1))

    def exhausted(*_arguments: Any) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    engine._shared._whole.terms = exhausted
    assert engine.run(content_pixels(300, 24), STYLE).tile == 256


def test_where_no_tile_is_small_enough_the_transfer_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    run_out(monkeypatch, lambda _calls, _pictures: True)
    expected = "memory ran out for 300x24 pixels, taken in tiles of 200; use a smaller side or tile, or free memory"
    with pytest.raises(TransferError, match=expected):
        run(tile=200)


def test_a_tile_that_holds_the_whole_picture_is_none() -> None:
    assert run(tile=300, iterations=1).tile is None


@pytest.mark.parametrize("changes", [{"style_loss": "neighbours"}, {"deterministic": True}], ids=str)
def test_a_picture_that_allows_no_tiles_fails_at_once(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)
    run_out(monkeypatch, lambda calls, _pictures: calls == 0)
    with pytest.raises(TransferError, match="memory ran out for 300x24 pixels"):
        StyleTransfer(config_of(**changes)).run(content_pixels(300, 24), STYLE)
