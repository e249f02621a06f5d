"""The photographs that a painter learns from, and those that are held out."""

import numpy as np
import pytest

from nst_engine import PainterError
from nst_engine.painting.lessons import MOST, Lessons
from tests.nst_engine.painting.studio import photographs


def some(count: int = 9, **changes: int) -> Lessons:
    return Lessons(photographs(count), **{"side": 32, "least": 32, "seed": 1} | changes)


def test_a_lesson_is_the_same_whenever_it_is_asked_for_and_unlike_others() -> None:
    lessons = some()
    first, second = lessons.at(0, 16), lessons.at(1, 16)
    again = some().at(0, 16)
    assert first.pixels.shape == (1, 16, 16, 3)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert first.strength == again.strength
    assert not np.array_equal(first.pixels, second.pixels)
    assert not np.array_equal(first.pixels, some(seed=2).at(0, 16).pixels)


def test_a_crop_is_no_larger_than_its_photograph() -> None:
    assert some().at(0, 32).pixels.shape == (1, 24, 32, 3)


def test_photographs_that_are_held_out_are_in_no_lesson() -> None:
    photographs = [np.full((32, 32, 3), grey / 20, np.float32) for grey in range(20)]
    lessons = Lessons(photographs, 32, 32, 1)
    held = {float(crop.max()) for crop in lessons.held_out(16)}
    seen = {float(lessons.at(update, 16).pixels.max()) for update in range(200)}
    assert (len(held), len(seen)) == (2, 18)
    assert not held & seen


def test_every_other_strength_is_the_middle_and_the_rest_are_spread() -> None:
    lessons = some()
    strengths = [lessons.at(update, 8).strength for update in range(200)]
    assert 70 < strengths.count(0.5) < 130
    assert 0 < min(strengths) < 0.1
    assert 0.9 < max(strengths) < 1


def test_no_more_photographs_are_kept_than_memory_is_for() -> None:
    grey = np.zeros((8, 8, 3), np.float32)
    lessons = Lessons([grey] * MOST + [grey + 1] * 100, 8, 8, 1)
    assert max(lessons.at(update, 8).pixels.max() for update in range(100)) == 0


@pytest.mark.parametrize(
    ("count", "changes", "words"),
    [
        (3, {}, "3 photographs are too few to learn from; use 8 or more of 32 pixels"),
        (9, {"least": 64}, "0 photographs are too few to learn from, 9 others have a long side below 64 pixels; use 8"),
    ],
)
def test_refuses_too_few_photographs_and_those_that_are_too_small(
    count: int, changes: dict[str, int], words: str
) -> None:
    with pytest.raises(PainterError, match=words):
        some(count, **changes)
