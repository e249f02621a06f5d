"""A transfer that is cut off on its way and goes on later."""

from typing import Any

import numpy as np
import pytest

from nst_engine import Checkpoint, CheckpointError, StyleTransfer
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels

CONTENT, STYLE = content_pixels(), style_pixels()


class PowerCutError(Exception):
    """An error that ends a transfer early."""


def cut_off(engine: StyleTransfer, after: int) -> Checkpoint:
    """The last checkpoint, from its bytes, of a transfer that ends after that number of steps."""
    kept: list[bytes] = []

    def keep(checkpoint: Checkpoint) -> None:
        kept.append(checkpoint.to_bytes())
        if checkpoint.steps >= after:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        engine.run(CONTENT, STYLE, on_checkpoint=keep)
    return Checkpoint.from_bytes(kept[-1])


def an_engine(**changes: Any) -> StyleTransfer:
    return shared_engine(small_config(**{"levels": 2, "iterations": 12, "record_every": 4, **changes}))


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("after", [4, 12, 24])
def test_a_transfer_goes_on_where_it_was_cut_off(optimizer: str, after: int) -> None:
    engine = an_engine(optimizer=optimizer, learning_rate=None)
    whole = engine.run(CONTENT, STYLE)
    rest = engine.run(CONTENT, STYLE, resume=cut_off(engine, after))
    assert (rest.iterations, rest.size) == (whole.iterations, whole.size)
    assert rest.stop_reason == f"iterations; resumed after {after} steps"
    assert [(record.step, record.side) for record in rest.history] == [
        (record.step, record.side) for record in whole.history
    ]
    assert whole.losses.total / 2 < rest.losses.total < whole.losses.total * 2


def test_no_step_is_taken_twice() -> None:
    engine, taken = an_engine(), []
    checkpoint = cut_off(engine, after=16)
    result = engine.run(CONTENT, STYLE, on_record=lambda record: taken.append(record.step), resume=checkpoint)
    assert taken == [16, 20, 24]
    assert [record.step for record in result.history] == [0, 4, 8, 12, 16, 20, 24]
    assert result.timings.optimize > checkpoint.seconds > 0
    seconds = [record.seconds for record in result.history]
    assert seconds == sorted(seconds)


def test_a_checkpoint_serves_more_than_once() -> None:
    engine = an_engine()
    checkpoint = cut_off(engine, after=8)
    first, second = (engine.run(CONTENT, STYLE, resume=checkpoint) for _ in range(2))
    assert first.stop_reason == second.stop_reason == "iterations; resumed after 8 steps"
    np.testing.assert_array_equal(first.image, second.image)


def test_a_checkpoint_keeps_the_lowered_rate() -> None:
    engine = an_engine(learning_rate=100.0, style_weight=1.0, iterations=40)
    checkpoint = cut_off(engine, after=40)
    assert checkpoint.account["rate"] < 100
    rest = engine.run(CONTENT, STYLE, resume=checkpoint)
    assert f"learning_rate 100 lowered to {rest.history[-1].learning_rate:g}" in rest.stop_reason


def test_a_checkpoint_has_the_picture_as_it_is_optimized() -> None:
    checkpoint = cut_off(an_engine(preserve_color="luminance"), after=16)
    assert (checkpoint.level, checkpoint.done) == (1, 4)
    assert (checkpoint.picture.shape, checkpoint.picture.dtype) == ((36, 48, 3), np.float32)


def test_keeping_checkpoints_changes_nothing() -> None:
    engine, kept = an_engine(), []
    np.testing.assert_array_equal(
        engine.run(CONTENT, STYLE, on_checkpoint=kept.append).image, engine.run(CONTENT, STYLE).image
    )
    assert [checkpoint.steps for checkpoint in kept] == [4, 8, 12, 16, 20, 24]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_bytes_cut_short_are_no_checkpoint(share: float) -> None:
    data = cut_off(an_engine(), after=8).to_bytes()
    with pytest.raises(CheckpointError, match="are no checkpoint"):
        Checkpoint.from_bytes(data[: round(share * len(data))])


def test_other_archives_are_no_checkpoints(tmp_path: Any) -> None:
    np.savez(tmp_path / "other.npz", picture=CONTENT)
    with pytest.raises(CheckpointError, match="are no checkpoint"):
        Checkpoint.from_bytes((tmp_path / "other.npz").read_bytes())
