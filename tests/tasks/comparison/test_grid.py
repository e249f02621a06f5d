"""Grids become variants, and variants of pairs become trials with names of their own."""

from pathlib import Path
from typing import Any

import pytest

from nst_engine import ConfigError, TransferConfig, WeightsError
from nst_engine.judging.referee import Referee
from tasks.comparison.grid import STUDIES, Grid, study, trials_of, variants
from tasks.planning.pairs import Plan
from tasks.planning.request import PairingError
from tests.tasks.studio import CONFIG, a_pair

PLAN = Plan(pairs=(a_pair("lake.png"), a_pair("hill.png")))


def names(*grids: Grid) -> list[str]:
    return [variant.name for variant in variants(grids)]


def varying(**vary: list[Any]) -> Grid:
    return Grid(config=CONFIG, vary=vary)


def test_a_grid_is_every_combination_of_its_values() -> None:
    found = variants([varying(learning_rate=[1.0, 10.0], pooling=["max", "average"])])
    assert [(it.config.learning_rate, it.config.pooling) for it in found] == [
        (1.0, "max"),
        (1.0, "average"),
        (10.0, "max"),
        (10.0, "average"),
    ]
    assert found[3].name == "learning_rate=10 pooling=average"


def test_configurations_are_named_after_their_backbones_where_there_are_several() -> None:
    assert names(varying(backbone=["tiny", "vgg16"])) == ["tiny", "vgg16"]
    assert names(varying(backbone=["tiny", "vgg16"], seed=[1, 2])) == [
        "tiny seed=1",
        "tiny seed=2",
        "vgg16 seed=1",
        "vgg16 seed=2",
    ]


def test_a_configuration_that_two_grids_come_to_is_compared_once() -> None:
    assert names(varying(), varying(iterations=[4, 8])) == ["tiny", "iterations=8"]


def test_two_configurations_never_have_one_name() -> None:
    other = Grid(config=CONFIG.replace(seed=3), vary={"iterations": [8]})
    found = variants([varying(iterations=[8]), other])
    assert [it.name for it in found] == ["iterations=8", "iterations=8#2"]
    assert len({it.slug for it in found}) == 2


def test_layers_of_one_value_are_joined() -> None:
    one, other = CONFIG.spec.layers[:2]
    grid = varying(style_layers=[[one, other], [f"{one}:2"], None])
    assert names(grid) == [f"style_layers={one}+{other}", f"style_layers={one}:2", "style_layers=none"]


@pytest.mark.parametrize(
    ("value", "other"), [("a/b.png", "a_b.png"), ("x" * 200 + ".png", "x" * 200 + ".jpg"), ("ä:?.png", "ä__.png")]
)
def test_a_slug_is_part_of_a_file_name_and_keeps_variants_apart(value: str, other: str) -> None:
    slugs = [variant.slug for variant in variants([varying(init=[value, other])])]
    assert len(set(slugs)) == 2
    assert not set("".join(slugs)) & set('/\\:*?"<>|')
    assert max(map(len, slugs)) < 100


def test_refuses_a_single_configuration() -> None:
    with pytest.raises(ConfigError, match="there is one configuration only; vary a field, or name two backbones"):
        variants([varying(seed=[0])])


@pytest.mark.parametrize(
    ("vary", "reason"),
    [
        ({"learnin_rate": [1, 2]}, "'learnin_rate' is not a configuration field; did you mean learning_rate?"),
        ({"learning_rate": [1, -2]}, "learning_rate=-2 is not allowed"),
        ({"learning_rate": []}, r"vary learning_rate=\[\] is not allowed; use a list of one value or more"),
        ({"learning_rate": 5}, "vary learning_rate=5 is not allowed; use a list"),
    ],
)
def test_refuses_what_cannot_be_varied(vary: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        variants([Grid(config=CONFIG, vary=vary)])


def test_every_pair_is_tried_under_every_variant_in_one_order() -> None:
    trials = trials_of(PLAN, [varying(iterations=[2, 3])])
    assert [(trial.pair, trial.variant.config.iterations) for trial in trials] == [
        ("lake--wave", 2),
        ("hill--wave", 2),
        ("lake--wave", 3),
        ("hill--wave", 3),
    ]


def test_a_trial_is_made_by_its_variants_configuration_and_named_after_it() -> None:
    for trial in trials_of(PLAN, [varying(iterations=[2, 3], style_weight=[0.1, 1.0])]):
        assert trial.spec.own_config(CONFIG) == trial.variant.config
        assert trial.spec.name == f"tiny/{trial.pair}--{trial.variant.slug}"


def test_a_variant_that_is_but_a_backbone_has_the_names_of_a_batch() -> None:
    plan = Plan(pairs=(a_pair(),))
    trials = trials_of(plan, [Grid(config=CONFIG, vary={"backbone": ["tiny", "vgg16"]})])
    assert [trial.spec.name for trial in trials] == ["tiny/lake--wave", "vgg16/lake--wave"]


def test_refuses_a_pair_list_that_sets_fields() -> None:
    plan = Plan(pairs=(a_pair(), a_pair("hill.png", overrides=(("side", 64),))))
    with pytest.raises(PairingError, match="the pair list sets side for 'hill--wave'; leave it out"):
        trials_of(plan, [varying(seed=[1, 2])])


def test_refuses_weights_that_are_not_there_before_anything_is_made() -> None:
    with pytest.raises(WeightsError, match=r"'/absent\.h5' cannot be read"):
        trials_of(PLAN, [varying(weights=["random", "/absent.h5"])])


def test_refuses_a_referee_without_weights_before_anything_is_made() -> None:
    with pytest.raises(WeightsError, match=r"referee 'vgg19 /absent\.h5' cannot judge"):
        trials_of(PLAN, [varying(seed=[1, 2])], Referee(backbone="vgg19", weights="/absent.h5"))


def test_refuses_variants_that_are_one_file_on_some_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "A.png"):
        Path(name).write_bytes(b"picture")
    with pytest.raises(PairingError, match=r"'init=a\.png' and 'init=A\.png' would be written to one file"):
        trials_of(PLAN, [varying(init=["a.png", "A.png"])])


def test_the_second_report_is_two_recipes_with_their_rates_and_layer_sets() -> None:
    found = variants(study("gatys-vgg16-resnet50", weights="random"))
    rates = {
        backbone: {it.config.learning_rate for it in found if it.config.backbone == backbone}
        for backbone in ("vgg16", "resnet50")
    }
    assert rates == {"vgg16": {1, 10, 15, 20, 30}, "resnet50": {1, 10, 15, 20, 30}}
    assert len({it.config.content_layers for it in found if it.config.backbone == "vgg16"}) == 3
    assert len({it.config.style_layers for it in found if it.config.backbone == "resnet50"}) == 4
    assert len(found) == 15
    assert {it.config.weights for it in found} == {"random"}
    assert {(it.config.iterations, it.config.optimizer, it.config.formulation) for it in found} == {
        (1000, "adam", "gatys")
    }


@pytest.mark.parametrize("name", STUDIES)
def test_what_is_set_holds_for_a_whole_study(name: str) -> None:
    found = variants(study(name, weights="random", iterations=20, side=64))
    assert {(it.config.iterations, it.config.side) for it in found} == {(20, 64)}


def test_a_grid_over_nothing_is_its_configuration() -> None:
    assert list(Grid(config=TransferConfig()).combinations()) == [{}]
