"""`nightbrush compare`, from what a person types to what there is to look at."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.cli.option_values import ComparisonOptions, ConfigurationOptions, OptionalPlaces, Places, read_referee
from nst_engine import ConfigError, TransferConfig
from nst_engine.judging.referee import Referee
from tasks.comparison.grid import Grid, variants
from tests.flows.console import TINY, Nightbrush


def grids(
    *varied: str, preset: str | None = None, settings: tuple[str, ...] = (), backbones: tuple[str, ...] = ()
) -> tuple[Grid, ...]:
    configuration = ConfigurationOptions(preset=preset, file=None, settings=settings, device=None)
    return ComparisonOptions(backbones=backbones, varied=varied, referee=None).grids(configuration)


def test_a_field_is_varied_over_values_of_its_kind() -> None:
    (grid,) = grids("learning_rate=1, 10", "levels=auto,1", "content_layers=block4_conv2,block4_conv2+block5_conv2")
    assert grid.vary == {
        "learning_rate": [1.0, 10.0],
        "levels": ["auto", 1],
        "content_layers": [("block4_conv2",), ("block4_conv2", "block5_conv2")],
    }


@pytest.mark.parametrize("asked", [{"backbones": ("tiny", "vgg16")}, {"varied": ("backbone=tiny,vgg16",)}])
def test_backbones_are_varied_and_what_is_set_holds_for_each(asked: dict[str, Any]) -> None:
    (grid,) = grids(*asked.pop("varied", ()), **asked, settings=("weights=random", "side=64"))
    assert [(it.config.backbone, it.config.side) for it in variants([grid])] == [("tiny", 64), ("vgg16", 64)]


def test_each_backbone_may_have_weights_of_its_own() -> None:
    asked = grids("seed=1,2", backbones=("tiny=random", "mobilenet_v2=mine.h5", "vgg16"))
    found = [(variant.config.backbone, variant.config.weights, variant.config.seed) for variant in variants(asked)]
    networks = [("tiny", "random"), ("mobilenet_v2", "mine.h5"), ("vgg16", TransferConfig().weights)]
    assert found == [(*network, seed) for network in networks for seed in (1, 2)]


def test_a_published_comparison_can_be_varied_further() -> None:
    found = grids("seed=0,1", preset="gatys-vgg16-resnet50", settings=("weights=random", "iterations=7"))
    assert {grid.config.iterations for grid in found} == {7}
    assert all(grid.vary["seed"] == [0, 1] for grid in found)


@pytest.mark.parametrize(
    ("varied", "reason"),
    [
        ("learning_rate", "vary 'learning_rate' is not allowed; use field=value,value, such as learning_rate=1,10,15"),
        ("lerning_rate=1,2", "'lerning_rate' is not a configuration field"),
    ],
)
def test_refuses_what_cannot_be_varied(varied: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        variants(grids(varied))


def test_a_referee_is_a_backbone_and_its_weights() -> None:
    assert read_referee(None) is None
    assert read_referee("vgg16:packaged") == Referee(backbone="vgg16", weights="packaged")
    assert read_referee("vgg19") == Referee(backbone="vgg19", weights="imagenet")
    with pytest.raises(ConfigError, match="backbone='vgg99' is not known"):
        read_referee("vgg99")


def test_places_are_those_that_are_given_and_others_where_none_is() -> None:
    others = Places.within(Path("comparison"))
    assert others == Places(content="comparison/contents", style="comparison/styles", output="comparison/output")
    assert OptionalPlaces(content=None, style=None, output=None).or_else(others) is others
    given = OptionalPlaces(content="a", style="b", output="c").or_else(others)
    assert given == Places(content="a", style="b", output="c")


@pytest.mark.usefixtures("prefect_api")
def test_compares_and_says_where_to_look(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    ran = nightbrush("compare", *places, *TINY, "--vary", "learning_rate=1,8", "--referee", "tiny:random")
    assert ran.status == 0, ran.err
    assert ran.out.splitlines() == [
        "2 of 2 pairs have their picture, 0 failed",
        f"Comparison: {folders['output'] / 'comparison.html'}",
        f"Table: {folders['output'] / 'comparison.csv'}",
        f"Curves: {folders['output'] / 'curves.csv'}",
    ]
    assert any(line.startswith("random weights rank pictures by chance") for line in caplog.messages)
    assert len(pd.read_csv(folders["output"] / "comparison.csv")) == 2


def test_a_dry_run_tells_every_picture_and_how_long_it_takes(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    ran = nightbrush("compare", *places, *TINY, "--vary", "iterations=4,8", "--dry-run")
    assert ran.status == 0
    assert "tiny/lake--wave--iterations=8 iterations=8" in ran.out
    assert "2 pairs, 0 of them with a sidecar" in ran.out
    assert not folders["output"].exists()
    (folders["content"] / "lake.png").write_bytes(b"")
    assert nightbrush("compare", *places, *TINY, "--vary", "iterations=4,8", "--dry-run").status == 1


def test_refuses_a_single_configuration(nightbrush: Nightbrush, places: list[str]) -> None:
    assert nightbrush("compare", *places, *TINY).complaint.startswith("there is one configuration only")


def test_refuses_some_folders_without_the_others(nightbrush: Nightbrush, places: list[str]) -> None:
    complaint = nightbrush("compare", *places[:2], *TINY, "--vary", "seed=0,1").complaint
    assert complaint == "style and output is not given; name content, style and output, or none of them"


@pytest.mark.parametrize("given", [(), ("--dry-run",)])
def test_refuses_a_referee_whose_weights_are_not_there(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], given: tuple[str, ...]
) -> None:
    asked = ("--vary", "seed=0,1", "--referee", "vgg19:/absent.h5", *given)
    assert nightbrush("compare", *places, *TINY, *asked).complaint == (
        "referee 'vgg19 /absent.h5' cannot judge: weights file '/absent.h5' cannot be read: No such file or directory"
    )
    assert not folders["output"].exists()


@pytest.mark.usefixtures("prefect_api")
def test_hands_its_pictures_to_the_runner_that_is_named(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.runners.workers.DEPLOYMENT", "stylize-shard/nowhere")
    ran = nightbrush("compare", *places, *TINY, "--vary", "seed=0,1", "--runner", "workers")
    assert ran.status == 2
    assert "nightbrush: runner='workers' finds no deployment 'stylize-shard/nowhere' on the server" in ran.err
    assert not folders["output"].exists()
