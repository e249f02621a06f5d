"""Several pairs at once, each watched: it shows, is kept, goes on and is ended as it is alone."""

from collections.abc import Callable

import numpy as np
import pytest

from nst_engine import Checkpoint, Pair, StyleTransfer, TransferResult
from nst_engine.types import Picture
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.exhaustion import run_out
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENTS, STYLE = (content_pixels(), noise_pixels()), style_pixels()


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    return shared_engine(small_config(levels=2, iterations=4, record_every=2, snapshot_every=3, learning_rate=2.0))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pictures in each call for steps from now on."""
    made: list[int] = []
    run_out(monkeypatch, lambda _calls, pictures: made.append(pictures) is not None)  # which never is
    return made


class StopError(Exception):
    """An error that ends a pair early."""


def stopping(after: int, kept: list[Checkpoint]) -> Callable[[Checkpoint], None]:
    """Keeps checkpoints, and ends the pair after that number of steps."""

    def keep(checkpoint: Checkpoint) -> None:
        kept.append(checkpoint)
        if checkpoint.steps >= after:
            raise StopError

    return keep


def test_each_shows_its_pictures_to_its_own_watchers(engine: StyleTransfer) -> None:
    shown: list[list[tuple[int, Picture]]] = [[], []]
    kept: list[list[Checkpoint]] = [[], []]
    engine.run_batch(
        [
            Pair(
                content,
                STYLE,
                lambda steps, picture, index=index: shown[index].append((steps, picture)),
                kept[index].append,
            )
            for index, content in enumerate(CONTENTS)
        ]
    )
    for index, content in enumerate(CONTENTS):
        alone, checkpoints = list[tuple[int, Picture]](), list[Checkpoint]()
        engine.run(content, STYLE, None, lambda *it, alone=alone: alone.append(it), checkpoints.append)
        assert [steps for steps, _ in shown[index]] == [steps for steps, _ in alone] == [3, 7]
        assert [(it.level, it.done) for it in kept[index]] == [(it.level, it.done) for it in checkpoints]
        for (_, ours), (_, theirs) in zip(shown[index], alone, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=0.02)


def test_an_error_of_who_watches_a_pair_ends_that_pair(engine: StyleTransfer) -> None:
    failed, other = engine.run_batch([Pair(CONTENTS[0], STYLE, None, stopping(2, [])), (CONTENTS[1], STYLE)])
    assert isinstance(failed, StopError)
    assert isinstance(other, TransferResult)
    assert other.iterations == 8


def test_nothing_more_is_done_once_all_have_ended(engine: StyleTransfer, calls: list[int]) -> None:
    outcomes = engine.run_batch([Pair(content, STYLE, None, stopping(2, [])) for content in CONTENTS])
    assert [type(outcome) for outcome in outcomes] == [StopError, StopError]
    assert calls == [2]


@pytest.mark.parametrize(("stops", "together"), [((6, 6), [2, 2]), ((2, 6), [1] * 7)])
def test_those_that_are_equally_far_go_on_together(
    engine: StyleTransfer, calls: list[int], stops: tuple[int, int], together: list[int]
) -> None:
    kept: list[list[Checkpoint]] = [[], []]
    begun = [
        Pair(content, STYLE, None, stopping(*each))
        for content, each in zip(CONTENTS, zip(stops, kept, strict=True), strict=True)
    ]
    engine.run_batch(begun)
    calls.clear()
    rest = engine.run_batch(
        [Pair(content, STYLE, resume=checkpoints[-1]) for content, checkpoints in zip(CONTENTS, kept, strict=True)]
    )
    assert calls == together
    for result, after in zip(rest, stops, strict=True):
        assert isinstance(result, TransferResult)
        assert (result.iterations, result.stop_reason) == (8, f"iterations; resumed after {after} steps")
