from pathlib import Path
from typing import Any

import pytest

from nst_engine.errors import ConfigError, NightbrushError, WeightsError
from tasks.planning import pair_list_row
from tasks.planning.pair_list_row import RowReader
from tasks.planning.pairs import PairSpec
from tasks.planning.request import PairingError
from tests.tasks.studio import CONFIG, a_pair, entries, paint

CONTENTS = ["2024/lake.jpg", "caf\u00e9.jpg", "cafe\u0301.png", "hill.jpg"]
STYLES = ["embers.png", "wave.png"]


def a_reader(**changes: Any) -> RowReader:
    sides = {"contents": entries(*CONTENTS), "styles": entries(*STYLES)}
    return RowReader(**{**sides, "backbones": ("tiny",), "config": CONFIG, **changes})


def made(**cells: str) -> list[PairSpec]:
    return a_reader().pairs({"content": "hill.jpg", "style": "wave.png", **cells})


def refusal(**cells: str) -> NightbrushError:
    with pytest.raises(NightbrushError) as caught:
        made(**cells)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_row_of_two_pictures_is_a_pair() -> None:
    assert made() == [a_pair("hill.jpg", "wave.png")]


def test_a_row_is_made_by_each_backbone_of_the_batch() -> None:
    reader = a_reader(backbones=("tiny", "vgg16"))
    pairs = reader.pairs({"content": "hill.jpg", "style": "wave.png", "backbone": "", "name": "big", "side": "64"})
    assert [pair.name for pair in pairs] == ["tiny/big", "vgg16/big"]
    assert {pair.overrides for pair in pairs} == {(("side", 64),)}


def test_a_row_may_name_its_own_backbone() -> None:
    assert [pair.backbone for pair in made(backbone="vgg19")] == ["vgg19"]


def test_overrides_are_typed_and_in_the_order_of_their_names(tmp_path: Path) -> None:
    mask = str(paint(tmp_path / "mask.png"))
    [pair] = made(tolerance="none", style_weight="2", side=" none ", content_masks=mask, deterministic="TRUE", seed="3")
    assert pair.overrides == (
        ("content_masks", (mask,)),
        ("deterministic", True),
        ("seed", 3),
        ("side", None),
        ("style_weight", 2.0),
    )
    assert pair.own_config(CONFIG) == CONFIG.replace(
        content_masks=(mask,), deterministic=True, seed=3, side=None, style_weight=2.0
    )


def test_empty_cells_and_what_the_batch_has_already_override_nothing() -> None:
    assert made(side="", seed=str(CONFIG.seed), optimizer=CONFIG.optimizer, name="", backbone=" ") == made()


# keys


@pytest.mark.parametrize("key", CONTENTS)
def test_finds_each_key_as_it_is(key: str) -> None:
    assert [pair.content.key for pair in made(content=key)] == [key]


@pytest.mark.parametrize(
    "key",
    ["with space.jpg", "new\nline.jpg", "-rf.jpg", "a=b.jpg", " a.jpg", "100%25?#&+.jpg", "日本/ö.jpg", 'q"uo,te.jpg'],
)
def test_finds_awkward_keys(key: str) -> None:
    [pair] = a_reader(contents=entries(key)).pairs({"content": key, "style": "wave.png"})
    assert pair.content.key == key


def test_finds_a_key_whose_accents_have_the_other_form() -> None:
    assert [pair.content.key for pair in made(content="cafe\u0301.jpg")] == ["caf\u00e9.jpg"]
    assert [pair.content.key for pair in made(content="caf\u00e9.png")] == ["cafe\u0301.png"]


@pytest.mark.parametrize(
    "key",
    [
        "/etc/passwd",
        "../hill.jpg",
        "2024/../hill.jpg",
        "s3://bucket/hill.jpg",
        "file:///hill.jpg",
        "2024//lake.jpg",
        ".",
    ],
)
def test_refuses_what_leads_out_of_the_folder(key: str) -> None:
    for side in ("content", "style"):
        error = refusal(**{side: key})
        assert isinstance(error, PairingError)
        assert str(error) == f"{side} {key!r} is no key; use a name relative to the {side} folder, as a/b.jpg"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("hil.jpg", "did you mean 'hill.jpg'?"),
        ("Hill.jpg", "did you mean 'hill.jpg'?"),
        ("2024/lake.jpeg", "did you mean '2024/lake.jpg'?"),
        ("hill.jpg ", "did you mean 'hill.jpg'?"),
        ("zzz", "use one such as '2024/lake.jpg'"),
    ],
)
def test_refuses_a_picture_that_is_not_there_and_names_the_nearest(key: str, hint: str) -> None:
    assert str(refusal(content=key)) == f"content {key!r} is not among the 4 pictures there; {hint}"


def test_the_nearest_of_many_is_sought_in_its_neighbourhood() -> None:
    keys = [f"{number:06d}.jpg" for number in range(50_000)]
    with pytest.raises(PairingError, match=r"did you mean '0432\d\d\.jpg'\?"):
        a_reader(contents=entries(*keys)).pairs({"content": "04321x.jpg", "style": "wave.png"})


def test_refuses_an_empty_picture() -> None:
    assert str(refusal(style="")) == "style is empty; give the key of a picture"


# names


@pytest.mark.parametrize("name", ["lake in waves", "a", "-rf", "a=b", "ünï 日本", "a.b", "x" * 200, "a--b", "#1~"])
def test_takes_a_name_that_a_file_may_have(name: str) -> None:
    assert [pair.pair for pair in made(name=name)] == [name]


@pytest.mark.parametrize(
    "name",
    [
        *("a/b", "../a", "..", ".", ".hidden", "a\\b", "c:a", "a*", "a?", "<a>", "a|b", 'a"'),
        *("new\nline", "\x1b[2J", "a\0"),
        *(" a", "a ", "a.", "~$a", "x" * 201, "é" * 101, "a\x7f", "caf\udce9"),
    ],
)
def test_refuses_a_name_that_is_not_allowed_for_a_file(name: str) -> None:
    error = refusal(name=name)
    assert isinstance(error, PairingError)
    assert f"name {name!r} is not allowed for a file; use one of at most 200 bytes, without / " in str(error)


# values


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"side": "abc"}, "side='abc' is not allowed; use a whole number from"),
        ({"style_weight": "-1"}, "style_weight=-1.0 is not allowed; use a finite number >= 0"),
        ({"backbone": "vgg99"}, "backbone='vgg99' is not known; use vgg16, "),
        ({"style_layers": "conv9"}, "style_layers='conv9' is not a layer of tiny; use block1_conv1, "),
        ({"content_masks": "gone.png"}, "the configuration names 'gone.png', which is no file"),
    ],
)
def test_refuses_a_value_as_the_configuration_does(cells: dict[str, str], reason: str) -> None:
    error = refusal(**cells)
    assert isinstance(error, ConfigError)
    assert str(error).startswith(reason)


def test_refuses_fields_that_do_not_fit_one_of_the_backbones() -> None:
    reader = a_reader(backbones=("tiny", "resnet50"))
    with pytest.raises(ConfigError, match="style_layers='block1_conv1' is not a layer of resnet50"):
        reader.pairs({"content": "hill.jpg", "style": "wave.png", "style_layers": "block1_conv1"})


def test_refuses_weights_that_are_absent() -> None:
    assert isinstance(refusal(weights="/nowhere.h5"), WeightsError)


def test_looks_at_equal_settings_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(pair_list_row, "require_usable", seen.append)
    reader = a_reader()
    for content in CONTENTS:
        for seed in ("1", "2"):
            reader.pairs({"content": content, "style": "wave.png", "seed": seed, "name": f"{content[:3]}{seed}"})
    assert len(seen) == 2
