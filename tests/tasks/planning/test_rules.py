from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.planning import rules as ways
from tasks.planning.listing import Listing
from tasks.planning.names import folded, full_name
from tasks.planning.naming import Finished
from tasks.planning.pairs import Plan
from tasks.planning.request import Pairing, PairingError, Request
from tasks.planning.rules import plan
from tasks.storage import Entry
from tasks.storage.base import OnError, ignore
from tasks.storage.memory import MemoryStorage
from tests.tasks.studio import CONFIG, a_pair

names = st.text("aAéÉ\u0301-/", min_size=1, max_size=5) | st.text(
    st.characters(codec="utf-8", exclude_characters="/\0.~"), min_size=1, max_size=8
)
keys = names.filter(lambda name: all(name.split("/")))
sets_of_names = st.lists(keys, min_size=1, max_size=6, unique=True)


def stored(*keys: str) -> MemoryStorage:
    return MemoryStorage(dict.fromkeys(keys, b"data"))


def a_plan(
    contents: Sequence[str],
    styles: Sequence[str],
    pairing: Pairing | None = None,
    backbones: Sequence[str] = ("tiny",),
    **request: Any,
) -> Plan:
    asked = Request(backbones=tuple(backbones), pairing=pairing, **request)
    return plan(stored(*contents), stored(*styles), asked, CONFIG)


def planned(*arguments: Any, **request: Any) -> list[str]:
    return [f"{pair.backbone}: {pair.content.key} {pair.style.key}" for pair in a_plan(*arguments, **request).pairs]


def test_pairs_every_content_with_every_style() -> None:
    assert planned(["a.jpg", "b.jpg"], ["x.png", "y.png"]) == [
        "tiny: a.jpg x.png",
        "tiny: b.jpg x.png",
        "tiny: a.jpg y.png",
        "tiny: b.jpg y.png",
    ]


def test_finishes_a_backbone_before_the_next_and_keeps_their_order() -> None:
    assert planned(["a.jpg"], ["x.png", "y.png"], backbones=["vgg19", "resnet50"]) == [
        "vgg19: a.jpg x.png",
        "vgg19: a.jpg y.png",
        "resnet50: a.jpg x.png",
        "resnet50: a.jpg y.png",
    ]


def test_pairs_a_content_with_the_style_of_its_stem() -> None:
    result = a_plan(["in/a.jpg", "b.jpg", "c.jpg"], ["b.png", "old/a.webp", "z.png"], "stem")
    keys = [(pair.content.key, pair.style.key) for pair in result.pairs]
    assert keys == [("b.jpg", "b.png"), ("in/a.jpg", "old/a.webp")]
    assert result.unmatched_contents == ("c.jpg",)
    assert result.unmatched_styles == ("z.png",)


def test_an_accent_in_two_forms_is_one_stem() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    [pair] = a_plan([f"{decomposed}.jpg"], [f"{composed}.png"], "stem").pairs
    assert (pair.content.key, pair.style.key) == (f"{decomposed}.jpg", f"{composed}.png")


def test_pairs_side_by_side_in_the_order_of_keys() -> None:
    assert planned(["b.jpg", "c.jpg", "a.jpg"], ["z.png", "x/y.png", "k.png"], "zip", backbones=["tiny", "vgg16"]) == [
        "tiny: a.jpg k.png",
        "tiny: b.jpg x/y.png",
        "tiny: c.jpg z.png",
        "vgg16: a.jpg k.png",
        "vgg16: b.jpg x/y.png",
        "vgg16: c.jpg z.png",
    ]


def test_refuses_zip_for_unequal_numbers_of_pictures() -> None:
    with pytest.raises(PairingError, match="there are 3 contents and 2 styles; use exclude"):
        a_plan(["a.jpg", "b.jpg", "c.jpg"], ["x.png", "y.png", "notes.txt"], "zip")


def test_pairs_as_a_list_says(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("content,style,seed\nb.jpg,x.png,\na.jpg,y.png,7\n")
    result = a_plan(["a.jpg", "b.jpg", "c.jpg"], ["x.png", "y.png"], pair_list=str(tmp_path / "pairs.csv"))
    assert result == Plan(
        pairs=(
            a_pair("b.jpg", "x.png"),
            a_pair("a.jpg", "y.png", overrides=(("seed", 7),)),
        )
    )


def test_a_list_may_not_name_what_is_excluded(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("content,style\na.jpg,x.png\n")
    with pytest.raises(PairingError, match=r"line 2: content 'a\.jpg' is not among the 1 pictures there"):
        a_plan(["a.jpg", "b.jpg"], ["x.png"], pair_list=str(tmp_path / "pairs.csv"), exclude=("a*",))


@pytest.mark.parametrize("pairing", ["every", "zip"])
def test_leaves_nothing_unmatched_when_every_picture_is_paired(pairing: Pairing) -> None:
    result = a_plan(["a.jpg"], ["x.png"], pairing)
    assert (result.unmatched_contents, result.unmatched_styles) == ((), ())


@pytest.mark.parametrize("pairing", ["every", "stem", "zip"])
def test_a_picture_may_be_its_own_style(pairing: Pairing) -> None:
    [pair] = a_plan(["a.jpg"], ["a.jpg"], pairing).pairs
    assert pair == a_pair("a.jpg", "a.jpg")


def test_patterns_decide_before_the_pairing() -> None:
    assert planned(["a.jpg", "b.jpg"], ["a.png", "b.png"], "zip", exclude=("b*",)) == ["tiny: a.jpg a.png"]


def test_takes_each_listing_once() -> None:
    class Once(MemoryStorage):
        listed = False

        def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
            assert not self.listed
            self.listed = True
            return super().list(prefix, onerror)

    contents, styles = Once({"a.jpg": b""}), Once({"a.png": b""})
    assert len(plan(contents, styles, Request(backbones=("tiny",), pairing="stem"), CONFIG).pairs) == 1


# names


@pytest.mark.parametrize("pairing", ["every", "zip"])
def test_pictures_of_one_stem_are_told_apart(pairing: Pairing) -> None:
    result = a_plan(["a.jpg", "a.png"], ["s.png", "t.png"], pairing, ["tiny", "vgg16"])
    names = [pair.name for pair in result.pairs]
    assert len(set(names)) == len(names) == (8 if pairing == "every" else 4)
    assert ("tiny/a.jpg--s.png~" in names[0]) == (pairing == "every")


def test_a_stem_that_more_pictures_have_is_paired_with_each() -> None:
    result = a_plan(["x/a.jpg", "y/a.jpg", "b.jpg"], ["a.png", "b.png"], "stem")
    assert [(pair.content.key, pair.title is None) for pair in result.pairs] == [
        ("x/a.jpg", False),
        ("y/a.jpg", False),
        ("b.jpg", True),
    ]


def test_a_list_tells_pictures_of_one_stem_apart(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("content,style,name\na.jpg,x.png,\na.png,x.png,\nb.jpg,x.png,\na.jpg,x.png,c\n")
    result = a_plan(["a.jpg", "a.png", "b.jpg"], ["x.png"], pair_list=str(tmp_path / "pairs.csv"))
    assert [pair.pair.partition("~")[0] for pair in result.pairs] == ["a.jpg--x.png", "c", "a.png--x.png", "b--x"]


def test_a_picture_that_is_left_out_changes_no_name() -> None:
    [pair] = a_plan(["a.jpg", "a.png"], ["s.png"], exclude=("content:*.png",)).pairs
    assert pair.name == "tiny/a--s"


def test_results_that_are_finished_keep_their_names() -> None:
    def finished(contents: Listing, styles: Listing, backbones: Collection[str]) -> Finished:
        assert (sorted(contents.all_keys()), [*styles.all_keys()], [*backbones]) == (
            ["a.jpg", "a.png"],
            ["s.png"],
            ["tiny"],
        )
        return Finished(owners={"a--s": frozenset({full_name("a.png", "s.png")})})

    request = Request(backbones=("tiny",), exclude=("*.jpg",))
    [pair] = plan(stored("a.jpg", "a.png"), stored("s.png"), request, CONFIG, finished).pairs
    assert pair.name == "tiny/a--s"
    request = Request(backbones=("tiny",), include=("content:*.jpg", "style:*"))
    [pair] = plan(stored("a.jpg", "a.png"), stored("s.png"), request, CONFIG, finished).pairs
    assert pair.title == pair.full_name


def test_a_note_counts_the_names_in_full() -> None:
    assert list(a_plan(["a.jpg", "b.jpg"], ["s.png"]).warnings()) == []
    [note] = a_plan(["a.jpg", "a.png", "b.jpg"], ["s.png", "t.png"], backbones=["tiny", "vgg16"]).warnings()
    first = f"tiny/{full_name('a.jpg', 's.png')}"
    assert note == f"pairs with a name in full, since pictures share their stems: 8, the first {first}"


def test_a_note_counts_the_kinds_that_are_not_read() -> None:
    [note] = a_plan(["a.jpg", "a.dng"], ["s.png"]).warnings()
    assert note.startswith("left out: 1 .dng in 'memory://'")


# what makes no batch


def test_refuses_stems_without_a_single_match_and_shows_some() -> None:
    contents = [f"{letter}.jpg" for letter in "abcd"]
    with pytest.raises(PairingError) as caught:
        a_plan(contents, ["x.png"], "stem")
    assert str(caught.value) == (
        "no content has the stem of a style: contents begin 'a', 'b', 'c', styles 'x'; "
        "rename them alike or use pairing='every'"
    )


@pytest.mark.parametrize("side", ["content", "style"])
def test_refuses_a_folder_without_pictures(side: str) -> None:
    sides = {"content": ["a.jpg"], "style": ["x.jpg"], side: ["notes.txt", ".hidden.jpg"]}
    with pytest.raises(PairingError, match=rf"{side} folder 'memory://' has no pictures; .*\.jpg.*\.png"):
        a_plan(sides["content"], sides["style"])


def test_refuses_the_same_stem_everywhere_without_making_all_pairs() -> None:
    keys = [[f"{number}/thumbnail.{suffix}" for number in range(4000)] for suffix in ("jpg", "png")]
    with pytest.raises(PairingError, match="4000 contents and 4000 styles make 16000000 pairs, more than 10000000"):
        a_plan(*keys, "stem")


def test_refuses_more_pairs_than_anybody_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "MOST_PAIRS", 5)
    with pytest.raises(PairingError) as caught:
        a_plan(["a.jpg", "b.jpg", "c.jpg"], ["x.jpg", "y.jpg"])
    assert str(caught.value) == (
        "3 contents and 2 styles make 6 pairs, more than 5; use another pairing (every, stem, zip or list), "
        "or include and exclude"
    )
    assert len(a_plan(["a.jpg", "b.jpg"], ["x.jpg", "y.jpg"]).pairs) == 4


@given(contents=sets_of_names, styles=sets_of_names, pairing=st.sampled_from(["every", "stem"]))
def test_every_picture_is_paired_or_reported_and_no_output_is_shared(
    contents: list[str], styles: list[str], pairing: Pairing
) -> None:
    keys = [f"{name}.jpg" for name in contents], [f"{name}.png" for name in styles]
    try:
        result = a_plan(*keys, pairing, ["vgg16", "tiny"])
    except PairingError as error:
        assert "no content has the stem" in str(error)  # noqa: PT017 - may not raise
        return
    assert {pair.content.key for pair in result.pairs} | {*result.unmatched_contents} == {*keys[0]}
    assert {pair.style.key for pair in result.pairs} | {*result.unmatched_styles} == {*keys[1]}
    assert len({folded(pair.name) for pair in result.pairs}) == len(result.pairs) == len(list(result.pairs))
