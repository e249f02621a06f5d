"""What configurations mean from release to release."""

from dataclasses import fields, replace
from itertools import pairwise, product
from typing import Any

import pytest

from nst_engine.config import TransferConfig, releases
from nst_engine.config.releases import RELEASES, Release
from nst_engine.registry.backbones import _SPECS
from nst_engine.registry.losses import STYLE_LOSSES, WEIGHT_FIELDS
from nst_engine.registry.optimizers import OPTIMIZERS
from nst_engine.registry.weights import TRAINED

FIRST = RELEASES[0]
AT_FIRST = replace(FIRST, fields=RELEASES[-1].fields | FIRST.fields, losses=RELEASES[-1].losses | FIRST.losses)
"""What configurations of today, with fields that came later, would mean if no meaning had changed since."""
CONFIG = TransferConfig.from_dict(FIRST.fields)
SHARED = replace(
    AT_FIRST,
    fields=AT_FIRST.fields | {"formulation": "share", "novel": 1},
    optimizers=AT_FIRST.optimizers | {"adam": {"learning_rate": 7.0}},
)
"""A later release, with another default, a new field, and another rate of Adam's."""


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Release:
    monkeypatch.setattr(releases, "RELEASES", (FIRST, SHARED))
    return SHARED


def test_the_last_release_is_what_this_version_does() -> None:
    """Where this fails, what changed belongs into `nst_engine/config/releases.py`, which says how."""
    last = RELEASES[-1]
    assert last.fields == {field.name: field.default for field in fields(TransferConfig)}
    assert last.backbones == {
        spec.name: {
            "content_layers": [*spec.content_layers],
            "style_layers": [*spec.style_layers],
            "smoothing": spec.smoothing,
        }
        for spec in _SPECS
    }
    assert last.packaged == {row.backbone: row.sha256 for row in TRAINED.values() if row.kind == "packaged"}
    assert last.optimizers == {name: {"learning_rate": spec.learning_rate} for name, spec in OPTIMIZERS.items()}
    assert last.losses == {
        (name, formulation): dict(zip(WEIGHT_FIELDS, found.weights, strict=True))
        for name, spec in STYLE_LOSSES.items()
        for formulation, found in spec.formulations.items()
    }


def test_recipes_only_rise_and_to_numbers_that_were_not_there() -> None:
    for before, after in pairwise(RELEASES):
        assert before.recipes.keys() <= after.recipes.keys()
        largest = max((before.recipe, *before.recipes.values()))
        numbers = [(before.recipe, after.recipe)]
        numbers += [(before.recipes.get(it, 0), number) for it, number in after.recipes.items()]
        assert all(number == known or number > largest for known, number in numbers)


@pytest.mark.parametrize(("preserve_color", "recipe"), [("none", 1), ("luminance", 1), ("histogram", 2), ("coral", 2)])
def test_a_recipe_rises_for_those_configurations_alone_that_it_concerns(preserve_color: Any, recipe: int) -> None:
    config = CONFIG.replace(preserve_color=preserve_color)
    assert (FIRST.recipe_of(config), RELEASES[-1].recipe_of(config)) == (1, recipe)
    assert replace(RELEASES[-1], recipe=3).recipe_of(config) == 3


def test_recipes_are_of_values_that_fields_may_have() -> None:
    for name, value in RELEASES[-1].recipes:
        assert getattr(CONFIG.replace(**{name: value}), name) == value


@pytest.mark.parametrize(("backbone", "loss"), [*product(FIRST.backbones, STYLE_LOSSES)])
def test_what_a_configuration_leaves_out_is_spelled_out(backbone: str, loss: str) -> None:
    for formulation in STYLE_LOSSES[loss].formulations:
        config = TransferConfig(backbone=backbone, weights="random", style_loss=loss, formulation=formulation)
        spelled = RELEASES[-1].spell_out(config)
        assert [spelled[name] for name in WEIGHT_FIELDS] == [*config.loss_weights]
        assert (spelled["learning_rate"], spelled["smoothing"]) == (config.rate, config.feature_smoothing)
        assert TransferConfig.from_dict(spelled).style_layer_weights == config.style_layer_weights


def test_what_a_configuration_names_stays() -> None:
    config = CONFIG.replace(style_weight=7.0, content_layers=("block1_conv1",))
    spelled = FIRST.spell_out(config)
    assert (spelled["style_weight"], spelled["content_layers"]) == (7.0, ["block1_conv1"])


def test_what_came_later_meant_in_earlier_releases_what_it_meant_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    before = replace(AT_FIRST, optimizers={"lbfgs": FIRST.optimizers["lbfgs"]})
    monkeypatch.setattr(releases, "RELEASES", (before, FIRST, SHARED))
    config = CONFIG.replace(optimizer="adam")
    assert [release.own_values(config)["learning_rate"] for release in releases.RELEASES] == [5.0, 5.0, 7.0]


def test_a_configuration_of_defaults_is_the_one_of_earlier_defaults(later: Release) -> None:
    now = CONFIG.replace(formulation="share", side=64)
    assert FIRST.counterpart(now) == now.replace(formulation="mean")
    assert later.counterpart(now) == now


def test_what_is_no_default_today_was_chosen(later: Release) -> None:
    named = CONFIG.replace(optimizer="adam")
    assert FIRST.counterpart(named) == later.counterpart(named) == named


def test_choices_that_an_earlier_default_did_not_allow_have_no_counterpart(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = replace(AT_FIRST, fields=AT_FIRST.fields | {"formulation": "gatys"})
    monkeypatch.setattr(releases, "RELEASES", (sums, AT_FIRST))
    assert sums.counterpart(CONFIG.replace(style_loss="wasserstein")) is None


def test_a_default_of_the_first_release_is_no_departure_and_a_later_one_is(later: Release) -> None:
    config = CONFIG.replace(optimizer="adam")
    assert later.departures(CONFIG) == FIRST.fields
    assert FIRST.departures(config) == FIRST.fields | {"optimizer": "adam"}
    assert later.departures(config) == FIRST.fields | {"optimizer": "adam", "learning_rate": 7.0}
    shared = CONFIG.replace(formulation="share")
    assert later.departures(shared) == FIRST.fields | {"formulation": "share"}
