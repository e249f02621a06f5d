import pickle
from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_engine.errors import NightbrushError
from tasks.pairs import Pairing, PairingError, PairSpec, pictures, plan
from tasks.storage.memory import MemoryStorage

names = st.text(st.characters(codec="utf-8", exclude_characters="/\0."), min_size=1, max_size=8)
sets_of_names = st.lists(names, min_size=1, max_size=5, unique_by=lambda name: name.casefold())


def stored(*keys: str) -> MemoryStorage:
    return MemoryStorage(dict.fromkeys(keys, b"data"))


def planned(
    contents: Sequence[str], styles: Sequence[str], backbones: Sequence[str] = ("vgg16",), pairing: Pairing = "every"
) -> list[str]:
    pairs = plan(stored(*contents), stored(*styles), backbones, pairing).pairs
    return [f"{pair.backbone}: {pair.content} {pair.style}" for pair in pairs]


def test_names_outputs_by_backbone_and_stems() -> None:
    pair = PairSpec(content="2024/lake.old.jpg", style="wave.PNG", backbone="vgg19")
    assert pair.pair == "lake.old--wave"
    assert pair.name == "vgg19/lake.old--wave"
    assert pair.picture_key("webp") == "vgg19/lake.old--wave.webp"
    assert pair.sidecar_key == "vgg19/lake.old--wave.json"


def test_a_pair_travels_between_processes() -> None:
    pair = PairSpec(content="a.jpg", style="b.jpg", backbone="tiny")
    assert pickle.loads(pickle.dumps(pair)) == pair  # noqa: S301 - our own bytes


def test_finds_pictures_by_suffix_in_any_case() -> None:
    storage = stored("a.JPG", "b.png", "sub/c.WebP", "notes.txt", "d.png.part", "png", "e.jpg/f.csv")
    assert list(pictures(storage)) == ["a.JPG", "b.png", "sub/c.WebP"]


def test_leaves_out_hidden_files_and_folders() -> None:
    assert list(pictures(stored("._a.jpg", ".thumbnails/b.png", "c/.d/e.png", ".png", "f.png"))) == ["f.png"]


def test_finds_pictures_one_by_one() -> None:
    class Endless(MemoryStorage):
        def list(self, prefix: str = "") -> Any:
            yield from MemoryStorage({"a.png": b""}).list(prefix)
            raise AssertionError("went on although nobody asked")

    assert next(pictures(Endless())) == "a.png"


def test_refuses_a_picture_whose_name_no_report_could_bear() -> None:
    with pytest.raises(PairingError, match=r"picture 'caf\\udce9\.png' in 'memory://' .* not UTF-8; rename it"):
        list(pictures(stored("caf\udce9.png")))


def test_pairs_every_content_with_every_style() -> None:
    assert planned(["a.jpg", "b.jpg"], ["x.png", "y.png"]) == [
        "vgg16: a.jpg x.png",
        "vgg16: b.jpg x.png",
        "vgg16: a.jpg y.png",
        "vgg16: b.jpg y.png",
    ]


def test_finishes_a_backbone_before_the_next_and_keeps_their_order() -> None:
    assert planned(["a.jpg"], ["x.png", "y.png"], ["vgg19", "resnet50"]) == [
        "vgg19: a.jpg x.png",
        "vgg19: a.jpg y.png",
        "resnet50: a.jpg x.png",
        "resnet50: a.jpg y.png",
    ]


def test_pairs_a_content_with_the_style_of_its_stem() -> None:
    result = plan(stored("in/a.jpg", "b.jpg", "c.jpg"), stored("b.png", "old/a.webp", "z.png"), ["tiny"], "stem")
    assert [(pair.content, pair.style) for pair in result.pairs] == [("b.jpg", "b.png"), ("in/a.jpg", "old/a.webp")]
    assert result.unmatched_contents == ("c.jpg",)
    assert result.unmatched_styles == ("z.png",)


def test_leaves_nothing_unmatched_when_every_picture_is_paired() -> None:
    result = plan(stored("a.jpg", "b.jpg"), stored("x.png"), ["tiny"], "every")
    assert (result.unmatched_contents, result.unmatched_styles) == ((), ())


def test_a_picture_may_be_its_own_style() -> None:
    storage = stored("a.jpg")
    for pairing in ("every", "stem"):
        [pair] = plan(storage, storage, ["tiny"], pairing).pairs
        assert pair == PairSpec(content="a.jpg", style="a.jpg", backbone="tiny")


def test_refuses_stems_without_a_single_match_and_shows_some() -> None:
    contents = [f"{letter}.jpg" for letter in "abcd"]
    with pytest.raises(PairingError) as caught:
        planned(contents, ["x.png"], pairing="stem")
    assert str(caught.value) == (
        "no content has the stem of a style: contents begin 'a', 'b', 'c', styles 'x'; "
        "rename them alike or use pairing='every'"
    )


@pytest.mark.parametrize("side", ["content", "style"])
def test_refuses_a_folder_without_pictures(side: str) -> None:
    sides = {"content": stored("a.jpg"), "style": stored("x.jpg"), side: stored("notes.txt", ".hidden.jpg")}
    with pytest.raises(PairingError, match=rf"{side} folder 'memory://' has no pictures; .*\.jpg.*\.png"):
        plan(sides["content"], sides["style"], ["tiny"], "every")


@pytest.mark.parametrize(
    ("contents", "styles", "both"),
    [
        (["a.jpg", "a.png"], ["s.png"], ["content 'a.jpg' with style 's.png'", "content 'a.png' with style 's.png'"]),
        (["x/a.jpg", "y/a.jpg"], ["s.png"], ["'x/a.jpg'", "'y/a.jpg'"]),
        (["a.jpg"], ["s.jpg", "s.png"], ["style 's.jpg'", "style 's.png'"]),
        (
            ["a--b.jpg", "a.jpg"],
            ["b--c.png", "c.png"],
            ["'a--b.jpg' with style 'c.png'", "'a.jpg' with style 'b--c.png'"],
        ),
        (["Lake.jpg", "lake.jpg"], ["s.png"], ["'Lake.jpg'", "'lake.jpg'"]),
        (["\u00e9.jpg", "e\u0301.jpg"], ["s.png"], ["'\u00e9.jpg'", "'e\u0301.jpg'"]),
    ],
)
def test_refuses_two_pairs_with_one_output(contents: list[str], styles: list[str], both: list[str]) -> None:
    with pytest.raises(PairingError, match=r"would both be written as .*; rename one") as caught:
        planned(contents, styles)
    assert all(part in str(caught.value) for part in both)


def test_the_same_stem_twice_is_refused_when_pairing_by_stem() -> None:
    with pytest.raises(PairingError, match=r"'x/a\.jpg' .* 'y/a\.jpg'"):
        planned(["x/a.jpg", "y/a.jpg"], ["a.png"], pairing="stem")


def test_the_same_stem_twice_is_no_matter_where_it_makes_no_pair() -> None:
    assert planned(["x/a.jpg", "y/a.jpg", "b.jpg"], ["b.png"], pairing="stem") == ["vgg16: b.jpg b.png"]


def test_refuses_an_unknown_pairing() -> None:
    with pytest.raises(PairingError, match="pairing='zip' is not known; use every or stem"):
        planned(["a.jpg"], ["x.jpg"], pairing=cast("Pairing", "zip"))


@pytest.mark.parametrize(("backbones", "text"), [([], "name at least one"), (["tiny", "tiny"], "name each once")])
def test_refuses_backbones_that_make_no_batch(backbones: list[str], text: str) -> None:
    with pytest.raises(PairingError, match=text):
        planned(["a.jpg"], ["x.jpg"], backbones)


def test_a_pairing_error_is_one_of_ours() -> None:
    assert issubclass(PairingError, NightbrushError)


@given(contents=sets_of_names, styles=sets_of_names, pairing=st.sampled_from(["every", "stem"]))
def test_every_picture_is_paired_or_reported_and_no_output_is_shared(
    contents: list[str], styles: list[str], pairing: Pairing
) -> None:
    keys = [f"{name}.jpg" for name in contents], [f"{name}.png" for name in styles]
    try:
        result = plan(stored(*keys[0]), stored(*keys[1]), ["vgg16", "tiny"], pairing)
    except PairingError as error:
        assert "no content has the stem" in str(error) or "both be written" in str(error)  # noqa: PT017 - may not raise
        return
    assert {pair.content for pair in result.pairs} | {*result.unmatched_contents} == {*keys[0]}
    assert {pair.style for pair in result.pairs} | {*result.unmatched_styles} == {*keys[1]}
    assert len({pair.name for pair in result.pairs}) == len(result.pairs)
