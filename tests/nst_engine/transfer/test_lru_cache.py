from collections.abc import Callable

import pytest

from nst_engine.transfer.lru_cache import WeightedCache


def maker(value: int, made: list[int]) -> Callable[[], int]:
    def make() -> int:
        made.append(value)
        return value

    return make


def test_makes_a_value_once_while_it_is_kept() -> None:
    cache, made = WeightedCache[str, int](2), list[int]()
    assert [cache.get_or_make("a", maker(1, made)) for _ in range(3)] == [1, 1, 1]
    assert made == [1]


def test_drops_what_was_unused_for_longest() -> None:
    cache, made = WeightedCache[int, int](2), list[int]()
    for key in (1, 2, 1, 3, 1, 2):
        assert cache.get_or_make(key, maker(key, made)) == key
    assert made == [1, 2, 3, 2]


def test_keeps_a_value_that_is_false() -> None:
    cache, made = WeightedCache[str, int](1), list[int]()
    for _ in range(2):
        cache.get_or_make("a", maker(0, made))
    assert made == [0]


def test_keeps_nothing_if_making_the_value_fails() -> None:
    cache, made = WeightedCache[str, int](2), list[int]()
    cache.get_or_make("a", maker(1, made))
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("b", lambda: 1 // 0)
    assert cache.get_or_make("a", maker(1, made)) == 1
    assert made == [1]


def test_drops_as_many_as_weigh_too_much_before_it_makes_another() -> None:
    kept = list[int]()
    cache = WeightedCache[int, int](10, weight=float)
    for key in (4, 5, 7, 20):
        cache.get_or_make(key, lambda key=key: kept.append(len(cache._values)) or key)
    assert kept == [0, 1, 0, 0]
    assert cache.get_or_make(20, lambda: 1 // 0) == 20


def test_makes_a_value_anew_after_all_were_dropped() -> None:
    cache, made = WeightedCache[str, int](2), list[int]()
    cache.get_or_make("a", maker(1, made))
    cache.clear()
    cache.get_or_make("a", maker(1, made))
    assert made == [1, 1]


def test_a_taken_value_belongs_to_nobody_else_until_it_is_kept() -> None:
    cache, made = WeightedCache[str, int](2), list[int]()
    assert [cache.take_or_make("a", maker(value, made)) for value in (1, 2)] == [1, 2]
    cache.keep("a", 1)
    cache.keep("a", 2)
    assert cache.get_or_make("a", maker(3, made)) == 2
    assert made == [1, 2]


def test_makes_room_for_a_value_that_it_keeps() -> None:
    cache, made = WeightedCache[int, int](10, weight=float), list[int]()
    for key in (4, 5, 7):
        cache.keep(key, key)
    assert [cache.get_or_make(key, maker(-key, made)) for key in (7, 5)] == [7, -5]
