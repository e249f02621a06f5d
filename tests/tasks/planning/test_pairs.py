import pickle
from typing import Any, cast

import pytest

from nst_engine.errors import ConfigError, NightbrushError
from tasks.planning.names import printable, stem
from tasks.planning.pairs import Pairs, Plan
from tasks.planning.request import Pairing, PairingError, Request
from tests.tasks.studio import CONFIG, a_pair, entries


def test_names_outputs_by_backbone_and_stems() -> None:
    pair = a_pair("2024/lake.old.jpg", "wave.PNG", backbone="vgg19")
    assert pair.pair == "lake.old--wave"
    assert pair.name == "vgg19/lake.old--wave"
    assert pair.picture_key("webp") == "vgg19/lake.old--wave.webp"
    assert pair.sidecar_key == "vgg19/lake.old--wave.json"
    assert pair.snapshot_key(20, "png") == "vgg19/lake.old--wave.steps/00020.png"


def test_a_title_takes_the_place_of_the_stems() -> None:
    pair = a_pair("lake.jpg", "wave.jpg", title="lake in waves")
    assert (pair.pair, pair.sidecar_key) == ("lake in waves", "tiny/lake in waves.json")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a.jpg", "a"),
        ("x.y/a.b.jpg", "a.b"),
        ("x.y/a", "a"),
        ("-rf.png", "-rf"),
        ("a=b c.png", "a=b c"),
        ("new\nline.png", "new\nline"),
    ],
)
def test_a_stem_is_the_name_without_folder_and_suffix(key: str, expected: str) -> None:
    assert stem(key) == expected


def test_a_pair_travels_between_processes() -> None:
    pair = a_pair("a.jpg", "b.jpg", overrides=(("blend", ("c.jpg",)),), title="d")
    assert pickle.loads(pickle.dumps(pair)) == pair  # noqa: S301 - our own bytes


def test_a_pairs_configuration_is_the_batchs_with_its_own_backbone_and_overrides() -> None:
    pair = a_pair("a.jpg", "b.jpg", overrides=(("seed", 3), ("side", None)))
    assert pair.own_config(CONFIG.replace(backbone="vgg19")) == CONFIG.replace(seed=3, side=None)


def test_overrides_that_do_not_fit_are_refused() -> None:
    pair = a_pair("a.jpg", "b.jpg", overrides=(("style_layers", ("conv9",)),))
    with pytest.raises(ConfigError, match="style_layers='conv9' is not a layer of tiny"):
        pair.own_config(CONFIG)


# the pairs of a plan


@pytest.mark.parametrize(
    ("crossed", "expected"),
    [(True, ["1ax", "1bx", "1ay", "1by", "2ax", "2bx", "2ay", "2by"]), (False, ["1ax", "1by", "2ax", "2by"])],
)
def test_pairs_come_by_backbone_then_style_then_content(crossed: bool, expected: list[str]) -> None:
    pairs = Pairs(backbones=("1", "2"), contents=entries("a", "b"), styles=entries("x", "y"), crossed=crossed)
    for _ in ("once", "again"):
        assert [pair.backbone + pair.content.key + pair.style.key for pair in pairs] == expected
    assert len(pairs) == len(expected)


def test_names_what_is_left_out() -> None:
    plan = Plan(pairs=(), unmatched_contents=("a.jpg", "new\nline.jpg"), unmatched_styles=("x.png",))
    assert list(plan.left_out()) == [
        "left out: content a.jpg has no partner",
        r"left out: content 'new\nline.jpg' has no partner",
        "left out: style x.png has no partner",
    ]


def test_names_what_is_out_of_reach() -> None:
    lines = list(Plan(pairs=(), out_of_reach=tuple(f"{{{number}}} is locked" for number in range(50))).left_out())
    assert lines[:2] == ["left out: {0} is locked", "left out: {1} is locked"]
    assert lines[40:] == ["left out: 10 more pictures and folders are out of reach"]


def test_counts_what_is_left_out_beyond_forty_lines() -> None:
    lines = list(Plan(pairs=(), unmatched_styles=tuple(f"{number}.png" for number in range(100))).left_out())
    assert lines[39:] == [
        "left out: style 39.png has no partner",
        "left out: 60 more of the style pictures have no partner",
    ]


@pytest.mark.parametrize("name", ["a b", "-rf", "a=b", "ünï 日本"])
def test_shows_a_name_as_it_is(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "a\u202egpj.exe"])
def test_shows_no_name_that_breaks_a_line_or_steers_a_terminal(name: str) -> None:
    assert printable(name).isprintable()


# what is asked for


@pytest.mark.parametrize(
    ("given", "way"),
    [
        ({}, "every"),
        ({"pairing": "zip"}, "zip"),
        ({"pair_list": "f.csv"}, "list"),
        ({"pairing": "list", "pair_list": "f"}, "list"),
    ],
)
def test_a_list_is_the_pairing_where_there_is_one_and_every_where_there_is_none(given: Any, way: Pairing) -> None:
    assert Request(backbones=("tiny",), **given).way == way


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"pairing": cast("Pairing", "nearest")}, "pairing='nearest' is not known; use every, stem, zip or list"),
        ({"pairing": "list"}, "pairing='list' has no list; name a CSV file with pairs"),
        (
            {"pairing": "stem", "pair_list": "f.csv"},
            "pairing='stem' uses no list; leave out pairs='f.csv', or use",
        ),
        ({"backbones": ()}, "backbones is empty; name at least one"),
        ({"backbones": ("tiny", "tiny")}, "backbones=tiny, tiny names one twice; name each once"),
        ({"backbones": ("mine", "Mine")}, "names one twice"),
    ],
)
def test_refuses_a_contradictory_request(given: Any, reason: str) -> None:
    with pytest.raises(PairingError, match=reason):
        Request(**{"backbones": ("tiny",), **given})


def test_a_pairing_error_is_one_of_ours() -> None:
    assert issubclass(PairingError, NightbrushError)
