import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.planning.names import folded, full_name, stem
from tasks.planning.naming import Finished, Naming, SharedInList, SharedInProduct
from tasks.planning.pairs import PairSpec
from tests.tasks.studio import a_pair

keys = st.lists(
    st.text("aA-b/", min_size=1, max_size=5).filter(lambda key: all(key.split("/"))), min_size=1, unique=True
)


def product(contents: list[str], styles: list[str]) -> list[PairSpec]:
    return [a_pair(content, style) for style in styles for content in contents]


def shared(contents: list[str], styles: list[str]) -> list[str]:
    """Content and style of each pair whose stems another has too."""
    found = SharedInProduct(contents, styles)
    return [f"{it.content.key} {it.style.key}" for it in product(contents, styles) if found.includes(it)]


@pytest.mark.parametrize(
    ("contents", "styles", "expected"),
    [
        (["a.jpg", "b.jpg"], ["s.png"], []),
        (["IMG_1.heic", "IMG_1.jpg", "IMG_2.jpg"], ["s.png"], ["IMG_1.heic s.png", "IMG_1.jpg s.png"]),
        (["a.jpg"], ["s.jpg", "s.png", "t.png"], ["a.jpg s.jpg", "a.jpg s.png"]),
        (["x/a.jpg", "y/a.jpg"], ["s.png"], ["x/a.jpg s.png", "y/a.jpg s.png"]),
        (["Lake.jpg", "lake.jpg"], ["s.png"], ["Lake.jpg s.png", "lake.jpg s.png"]),
        (["\u00e9.jpg", "e\u0301.jpg"], ["s.png"], ["\u00e9.jpg s.png", "e\u0301.jpg s.png"]),
        (["a--b.jpg", "a.jpg"], ["b--c.png", "c.png"], ["a.jpg b--c.png", "a--b.jpg c.png"]),
        (["a--b.jpg", "a.jpg"], ["c.png"], []),
        (["a-.jpg", "a.jpg"], ["-b.png", "b.png"], ["a.jpg -b.png", "a-.jpg b.png"]),
    ],
)
def test_finds_the_pairs_whose_stems_another_pair_has(
    contents: list[str], styles: list[str], expected: list[str]
) -> None:
    assert shared(contents, styles) == expected


@given(contents=keys, styles=keys)
def test_agrees_with_a_comparison_of_all_pairs(contents: list[str], styles: list[str]) -> None:
    pairs = product(contents, styles)
    names = [folded(pair.stems) for pair in pairs]
    one, other = SharedInProduct(contents, styles), SharedInList(pairs)
    assert [one.includes(pair) for pair in pairs] == [names.count(name) > 1 for name in names]
    assert [other.includes(pair) for pair in pairs] == [names.count(name) > 1 for name in names]
    assert other.is_empty or not one.is_empty


def test_a_pair_with_a_title_shares_no_stems() -> None:
    assert SharedInList([a_pair("a.jpg"), a_pair("a.png", title="mine")]).is_empty


# names in full


TWO = [a_pair("2024/IMG_1.heic"), a_pair("2024/IMG_1.jpg")]


def names(finished: Finished = Finished(), pairs: list[PairSpec] = TWO) -> list[str]:  # noqa: B008 - immutable
    return [pair.pair for pair in map(Naming(SharedInList(pairs), finished).named, pairs)]


def owners(*keys: str) -> Finished:
    return Finished(owners={"img_1--wave": frozenset(full_name(key, "wave.png") for key in keys)})


IN_FULL = ["IMG_1.heic--wave.png~5e6738ee0f50", "IMG_1.jpg--wave.png~4fd33858da8a"]
"""Written down, for a name must be the same on every machine and in every version."""


def test_pairs_that_share_their_stems_have_names_in_full() -> None:
    assert names() == IN_FULL == [pair.full_name for pair in TWO]


def test_a_name_in_full_depends_on_the_pair_alone() -> None:
    assert names(pairs=[*TWO, a_pair("IMG_1.png"), a_pair("IMG_2.png")])[:2] == IN_FULL


@pytest.mark.parametrize("pair", TWO)
def test_a_result_keeps_the_name_of_its_stems_when_another_picture_comes(pair: PairSpec) -> None:
    kept = names(owners(pair.content.key))
    assert kept == ["IMG_1--wave" if it == pair else it.full_name for it in TWO]


def test_a_result_keeps_its_name_in_full_when_the_other_picture_goes() -> None:
    assert names(Finished(in_full=frozenset(IN_FULL)), TWO[:1]) == IN_FULL[:1]


def test_a_name_that_belongs_to_another_picture_is_not_taken_though_that_one_is_left_out() -> None:
    assert names(owners("2024/IMG_1.jpg"), TWO[:1]) == IN_FULL[:1]


def test_a_name_that_two_pictures_have_had_goes_to_none() -> None:
    assert names(owners(*(pair.content.key for pair in TWO))) == IN_FULL


def test_a_title_stays() -> None:
    assert names(owners("2024/IMG_1.jpg"), [a_pair("IMG_1.jpg", title="mine")]) == ["mine"]


def test_no_name_is_looked_at_where_all_are_plain() -> None:
    assert Naming(SharedInList([a_pair("a.jpg"), a_pair("b.jpg")])).is_plain
    assert not Naming(SharedInList(TWO)).is_plain
    assert not Naming(SharedInList([]), owners("IMG_1.jpg")).is_plain


@given(contents=keys, styles=keys)
def test_no_two_pairs_have_one_name(contents: list[str], styles: list[str]) -> None:
    pairs = product([f"{key}.jpg" for key in contents], [f"{key}.png" for key in styles])
    naming = Naming(
        SharedInProduct(*([f"{key}.{suffix}" for key in keys] for keys, suffix in ((contents, "jpg"), (styles, "png"))))
    )
    found = [naming.named(pair) for pair in pairs]
    assert len({folded(pair.name) for pair in found}) == len(found)
    assert all(stem(pair.content.key) in pair.name for pair in found)
