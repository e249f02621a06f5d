"""The course of a learning, as a function of what the checks found."""

from hypothesis import given
from hypothesis import strategies as st

from nst_engine.painting.course import RATE, Course

COURSE = Course(updates=3200, side=512)
GAINING = [10.0 * 0.9**check for check in range(40)]


def test_the_rate_falls_over_the_last_part_of_all_updates_while_photographs_gain() -> None:
    totals = GAINING[:23]
    assert COURSE.falls_from(GAINING[:22]) is None
    assert COURSE.falls_from(totals) == 2200
    assert COURSE.end(totals) == 3200
    rates = [COURSE.rate(done, totals) for done in (2200, 2670, 3199)]
    assert rates[0] == RATE
    assert RATE > rates[1] > rates[2] > 0


def test_it_ends_early_where_the_photographs_gain_nothing_more() -> None:
    stuck = [10.0, 9.0, *[8.0] * 12]
    assert COURSE.falls_from(stuck[:12]) is None
    assert COURSE.falls_from(stuck) == 1200
    assert COURSE.end(stuck) == 1714


def test_once_it_falls_the_rate_goes_on_falling_whatever_later_checks_find() -> None:
    stuck = [10.0, 9.0, *[8.0] * 12]
    assert COURSE.end([*stuck, 1.0, 0.1]) == COURSE.end(stuck)


def test_crops_grow_and_are_no_larger_than_the_painters_pictures() -> None:
    sides = [COURSE.crop(done, GAINING[:5]) for done in (0, 2239, 2240, 3039, 3040, 3199)]
    assert sides == [128, 128, 192, 192, 256, 256]
    assert Course(updates=10, side=32).crops == (32, 32, 32)
    assert Course(updates=10, side=2048).crops == (512, 768, 1024)


@given(st.integers(1, 100), st.lists(st.floats(0.01, 100), min_size=102, max_size=102))
def test_every_course_comes_to_its_end_at_rates_above_none(updates: int, found: list[float]) -> None:
    course = Course(updates=updates, side=64)
    done, checks = 0, 1
    while done < course.end(found[:checks]):
        assert 0 < course.rate(done, found[:checks]) <= RATE
        done += 1
        checks += done % course.check_every == 0
    assert done == course.end(found[:checks]) <= updates
