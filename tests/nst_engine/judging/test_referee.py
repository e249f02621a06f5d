"""Who judges: never one that took part while another is there, and nothing that would have to be downloaded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nst_engine import ConfigError, Referee, TransferConfig
from nst_engine.backbones.weights import imagenet_path, packaged_path
from nst_engine.judging.referee import CANDIDATES, LAST_RESORT, choose_referee, is_available


def a_referee(name: str) -> Referee:
    backbone, weights = name.split()
    return Referee(backbone=backbone, weights=weights)


def made_by(*names: str) -> list[TransferConfig]:
    """A configuration for each `backbone weights`."""
    return [a_referee(name).config for name in names]


def only(*names: str) -> Callable[[Referee], bool]:
    return lambda referee: referee.name in names


def anything(_: Referee) -> bool:
    return True


# ---------------------------------------------------------------- a referee


def test_a_referee_is_called_by_its_network_and_weights() -> None:
    assert a_referee("vgg16 packaged").name == "vgg16 packaged"
    assert Referee(backbone="resnet50", weights="mine/own.weights.h5").name == "resnet50 mine/own.weights.h5"


def test_only_random_weights_are_untrained() -> None:
    assert [a_referee(f"vgg16 {weights}").is_trained for weights in ("imagenet", "packaged", "own.h5", "random")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("name", "text"), [("vgg61 random", "vgg61"), ("vgg19 packaged", "does not exist for vgg19")])
def test_refuses_a_network_that_there_is_not(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        a_referee(name)


def test_it_compares_by_the_preset_of_its_backbone_in_shares() -> None:
    config = a_referee("resnet50 random").config
    assert (config.content_layers, config.style_layers, config.smoothing) == (None, None, None)
    assert (config.formulation, config.style_loss, config.precision) == ("share", "gram", "float32")


def test_who_was_optimized_on_took_part() -> None:
    referee = a_referee("vgg16 packaged")
    assert referee.took_part(made_by("vgg19 imagenet", "vgg16 packaged"))
    assert referee.took_part([referee.config.replace(side=64, content_layers=("block5_conv2",), seed=3)])
    assert not referee.took_part(made_by("vgg19 imagenet", "vgg16 imagenet", "vgg16 random"))
    assert not referee.took_part([])


def test_random_weights_of_another_seed_are_another_network() -> None:
    referee = a_referee("vgg16 random")
    assert referee.took_part(made_by("vgg16 random"))
    assert not referee.took_part([referee.config.replace(seed=1)])


# ---------------------------------------------------------------- the choice


def test_prefers_the_first_candidate_that_took_no_part() -> None:
    chosen = [choose_referee(made_by(*names), anything).name for names in (["tiny random"], ["vgg19 imagenet"])]
    assert chosen == ["vgg19 imagenet", "vgg16 imagenet"]


def test_passes_over_a_backbone_that_took_part_in_any_form() -> None:
    assert choose_referee(made_by("vgg19 random", "vgg16 packaged"), anything).name == "resnet50 imagenet"


def test_prefers_other_weights_to_those_that_took_part() -> None:
    there = only("vgg16 imagenet", "vgg16 packaged")
    assert choose_referee(made_by("vgg16 imagenet"), there).name == "vgg16 packaged"
    assert choose_referee(made_by("vgg16 random"), there).name == "vgg16 imagenet"


def test_one_that_took_part_is_better_than_an_untrained_one() -> None:
    assert choose_referee(made_by("vgg16 packaged", "vgg19 random"), only("vgg16 packaged")).name == "vgg16 packaged"


def test_the_weights_files_of_the_configurations_may_judge_where_nothing_else_can() -> None:
    configs = made_by("tiny random", "resnet50 own.h5")
    assert choose_referee(configs, only("resnet50 own.h5")).name == "resnet50 own.h5"
    assert choose_referee(configs, only("resnet50 own.h5", "resnet50 imagenet")).name == "resnet50 imagenet"


def test_without_trained_weights_it_is_the_untrained_vgg19() -> None:
    assert choose_referee(made_by("resnet50 random"), lambda _: False) == LAST_RESORT
    assert LAST_RESORT.name == "vgg19 random"


# ---------------------------------------------------------------- what is there


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without weights of any kind."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("NIGHTBRUSH_WEIGHTS", str(tmp_path / "weights"))


def test_the_trained_networks_are_asked_in_their_order() -> None:
    assert [referee.name for referee in CANDIDATES] == [
        "vgg19 imagenet",
        "vgg16 imagenet",
        "vgg16 packaged",
        "resnet50 imagenet",
        "resnet50 packaged",
        "mobilenet_v2 imagenet",
        "mobilenet_v2 packaged",
        "mobilenet_v3 imagenet",
    ]


@pytest.mark.usefixtures("bare_machine")
def test_nothing_trained_is_on_a_bare_machine() -> None:
    assert not any(map(is_available, CANDIDATES))
    assert is_available(LAST_RESORT)
    assert choose_referee(made_by("vgg16 random")) == LAST_RESORT


@pytest.mark.usefixtures("bare_machine")
def test_imagenet_weights_are_there_once_keras_has_them() -> None:
    path = imagenet_path("resnet50")
    path.parent.mkdir()
    path.write_bytes(b"weights")
    assert [referee.name for referee in CANDIDATES if is_available(referee)] == ["resnet50 imagenet"]


@pytest.mark.usefixtures("bare_machine")
def test_packaged_weights_are_there_once_they_were_brought() -> None:
    path = packaged_path("resnet50")
    path.parent.mkdir()
    path.write_bytes(b"weights")
    assert [referee.name for referee in CANDIDATES if is_available(referee)] == ["resnet50 packaged"]


def test_weights_in_a_file_are_available_once_the_file_exists(tmp_path: Path) -> None:
    path = tmp_path / "own.weights.h5"
    referee = Referee(backbone="vgg16", weights=str(path))
    assert not is_available(referee)
    path.write_bytes(b"weights")
    assert is_available(referee)
