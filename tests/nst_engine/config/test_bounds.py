"""Which numbers a configuration takes."""

from typing import Any, get_args, get_type_hints

import pytest

from nst_engine import ConfigError, TransferConfig
from nst_engine.config.bounds import Bound, number_bounds
from tests.nst_engine.small import small_config

BOUNDS = number_bounds(small_config().spec.stride)
BEYOND_FLOATS = 10**400


def outermost(bound: Bound) -> list[float]:
    """The least and the greatest number that a bound allows."""
    least = bound.least if bound.above is None else bound.above + 1e-6
    return [number for number in (least, bound.most) if number is not None]


def beyond(bound: Bound) -> list[float]:
    """The numbers just beyond a bound."""
    least = [bound.least - 1] if bound.least is not None else []
    return [*least, *([] if bound.above is None else [bound.above]), *([] if bound.most is None else [bound.most + 1])]


def kinds(name: str) -> tuple[Any, ...]:
    """What a field's annotation allows."""
    hint = get_type_hints(TransferConfig)[name]
    return get_args(hint) or (hint,)


def test_every_number_has_a_bound_and_nothing_else_has() -> None:
    numeric = {name for name in get_type_hints(TransferConfig) if {int, float} & {*kinds(name)}}
    assert BOUNDS.keys() == numeric


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_is_of_the_kind_of_its_field(name: str) -> None:
    bound, words = BOUNDS[name], [word for kind in kinds(name) for word in get_args(kind)]
    assert bound.whole is (int in kinds(name))
    assert {*bound.instead} == {*words, *([None] if type(None) in kinds(name) else [])}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_configuration_takes_the_outermost_numbers_and_none_beyond(name: str) -> None:
    others = {"content_weight": 1.0, "style_weight": 1.0, "tv_weight": 1.0}
    for value in (*outermost(BOUNDS[name]), *BOUNDS[name].instead):
        assert getattr(small_config(**others | {name: value}), name) == value
    for value in (*beyond(BOUNDS[name]), True, "many", [], float("nan"), float("inf")):
        with pytest.raises(ConfigError, match=f"^{name}=.* is not allowed; use {BOUNDS[name].numbers}$"):
            small_config(**{name: value})


def test_the_least_side_is_that_of_the_backbone() -> None:
    with pytest.raises(ConfigError, match="side=15 is not allowed; use a whole number of at least 16"):
        TransferConfig(backbone="vgg16", side=15)
    assert small_config(side=4).side == 4


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (Bound(least=0), "a finite number >= 0"),
        (Bound(above=0), "a finite number > 0"),
        (Bound(above=0, most=1), "a finite number > 0 and <= 1"),
        (Bound(least=1, whole=True), "a whole number of at least 1"),
        (Bound(least=1, most=16, whole=True), "a whole number from 1 to 16"),
    ],
)
def test_a_bound_says_which_numbers_it_allows(bound: Bound, words: str) -> None:
    assert bound.numbers == words


def test_a_whole_number_that_no_float_can_hold_is_refused_where_any_number_may_stand() -> None:
    with pytest.raises(ConfigError, match="use a finite number > 0"):
        small_config(balance=BEYOND_FLOATS)
    assert small_config(iterations=BEYOND_FLOATS).iterations == BEYOND_FLOATS
