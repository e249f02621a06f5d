"""Which numbers a configuration takes."""

import re
from typing import Any, get_args, get_type_hints

import pytest

from nst_engine import ConfigError, TransferConfig
from nst_engine.config.bounds import Bound, number_bounds
from tests.nst_engine.small import small_config

BOUNDS = number_bounds(small_config().spec.stride)
BEYOND_FLOATS = 10**400


def outermost(bound: Bound) -> list[float]:
    """The least and the greatest number that a bound allows."""
    return [bound.least + (1e-6 if bound.above else 0), bound.most]


def beyond(bound: Bound) -> list[float]:
    """Numbers beyond a bound."""
    near = [bound.least - (0 if bound.above else 1), bound.most + 1, -BEYOND_FLOATS, BEYOND_FLOATS]
    return near if bound.whole else [*near, float("nan"), float("inf"), -1e308, 1e308]


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
        with pytest.raises(ConfigError, match=f"^{name}=.* is not allowed; use {re.escape(BOUNDS[name].numbers)}$"):
            small_config(**{name: value})


def test_the_least_side_is_that_of_the_backbone() -> None:
    with pytest.raises(ConfigError, match="side=15 is not allowed; use a whole number from 16 to 65536"):
        TransferConfig(backbone="vgg16", side=15)
    assert small_config(side=4).side == 4


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (Bound(least=0, most=10**15), "a finite number >= 0 and <= 1e+15"),
        (Bound(least=0, above=True, most=1), "a finite number > 0 and <= 1"),
        (Bound(least=1, most=16, whole=True), "a whole number from 1 to 16"),
    ],
)
def test_a_bound_says_which_numbers_it_allows(bound: Bound, words: str) -> None:
    assert bound.numbers == words


def test_layers_and_blended_styles_have_the_bound_of_weights() -> None:
    for weight in ("1e16", "1e308", "nan", "inf", "-1"):
        with pytest.raises(ConfigError, match=r"; use a finite number >= 0 and <= 1e\+15$"):
            small_config(content_layers=(f"block1_conv1:{weight}",))
    for weight in ("1e16", "0", "-1"):
        with pytest.raises(ConfigError, match=r"the weight > 0 and <= 1e\+15$"):
            small_config(blend=(f"a.png:{weight}",))
    assert small_config(blend=("a.png:1e15",)).style_weights[1] == pytest.approx(1)
