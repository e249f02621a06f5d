from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.planning import collisions
from tasks.planning.collisions import first_collision, repeated
from tasks.planning.pairs import PairSpec
from tests.tasks.studio import a_pair


def titled(*titles: str) -> list[PairSpec]:
    return [a_pair("a.jpg", "b.jpg", title=title) for title in titles]


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        ([], None),
        (["a"], None),
        (["a", "b", "c"], None),
        (["a", "b", "c", "b", "a"], (1, 3)),
        (["Lake", "wave", "lake"], (0, 2)),
        (["\u00e9", "e\u0301"], (0, 1)),
        (["strasse", "straße"], (0, 1)),
    ],
)
def test_finds_the_first_two_of_one_name(titles: Sequence[str], expected: tuple[int, int] | None) -> None:
    assert first_collision(titled(*titles)) == expected


def test_pairs_of_two_backbones_may_have_one_title() -> None:
    vgg = a_pair("a.jpg", "b.jpg", backbone="vgg16", title="a")
    assert first_collision([*titled("a"), vgg]) is None


def test_names_of_one_hash_are_no_collision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collisions, "hash", len, raising=False)
    assert first_collision(titled("ab", "cd", "ef")) is None
    assert first_collision(titled("ab", "cd", "efg", "ab")) == (0, 3)
    assert repeated(lambda: iter(["ab", "cd", "efg", "ab"])) == {"ab"}


@given(names=st.lists(st.text("abAB-", max_size=3), max_size=12))
def test_repeated_names_are_those_that_come_more_than_once(names: list[str]) -> None:
    assert repeated(lambda: iter(names)) == {name for name in names if names.count(name) > 1}


@given(titles=st.lists(st.text("abAB-", max_size=3), max_size=12))
def test_agrees_with_a_comparison_of_all_names(titles: list[str]) -> None:
    folded = [title.casefold() for title in titles]
    later = next((index for index, name in enumerate(folded) if name in folded[:index]), None)
    expected = None if later is None else (folded.index(folded[later]), later)
    assert first_collision(titled(*titles)) == expected
