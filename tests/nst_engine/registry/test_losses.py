"""The loss terms, which each reader knows by their names, and the style losses, for which an entry is enough."""

from dataclasses import asdict, fields, replace

import pytest
import tensorflow as tf

from nst_engine import ConfigError, LossTerms, Record, StyleTransfer, TransferConfig
from nst_engine.config.bounds import number_bounds
from nst_engine.evaluation.tile_choice import tile_sides
from nst_engine.hardware.devices import resolve_jit
from nst_engine.losses.style_losses import StyleLoss, identity, load_style_loss, weighted_mean
from nst_engine.registry.losses import (
    LOSS_NAMES,
    LOSS_TITLES,
    STYLE_LOSSES,
    TERMS,
    TOTAL,
    WEIGHT_FIELDS,
    StyleFormulation,
    StyleLossSpec,
    TermWeights,
)
from nst_engine.types import Tensor
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels

MEANS = StyleLossSpec(
    formulations={
        "mean": StyleFormulation(
            builder="tests.nst_engine.registry.test_losses:means_of_channels",
            weights=TermWeights(content=1.0, style=2.0, tv=0.0),
        )
    }
)


def means_of_channels() -> StyleLoss:
    """A style loss that only these tests know: the squared distance of the channels' means."""

    def statistics(F: Tensor, _w: Tensor | None, _target: Tensor = None) -> Tensor:
        return tf.reduce_mean(tf.cast(F, tf.float32), axis=[0, 1, 2])

    return StyleLoss(
        summary=statistics,
        pooled=weighted_mean,
        target=identity,
        statistics=statistics,
        loss=lambda mean, target: tf.reduce_mean(tf.math.squared_difference(mean, target)),
        empty=tf.zeros_like,
    )


def names_of(kind: type[LossTerms | Record | TransferConfig]) -> list[str]:
    return [field.name for field in fields(kind)]


def test_a_result_has_each_loss_in_the_order_of_a_vector() -> None:
    assert names_of(LossTerms) == list(LOSS_NAMES)
    assert asdict(LossTerms.from_vector(range(len(LOSS_NAMES))))["total"] == TOTAL


@pytest.mark.parametrize("length", [TOTAL, TOTAL + 2])
def test_a_vector_of_another_length_is_none_of_losses(length: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        LossTerms.from_vector(range(length))


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_a_record_has_each_loss_and_a_heading_calls_it_something(name: str) -> None:
    assert name in names_of(Record)
    assert LOSS_TITLES[name].lower() == f"{name} loss"


@pytest.mark.parametrize("name", WEIGHT_FIELDS)
def test_a_configuration_weighs_each_term(name: str) -> None:
    assert name in names_of(TransferConfig)
    assert number_bounds(4)[name].least == 0
    weighed = small_config(**{name: 123.0})
    assert weighed.loss_weights == small_config().loss_weights._replace(**{name.removesuffix("_weight"): 123.0})


def test_each_term_is_in_the_total_by_its_own_weight() -> None:
    weights = TermWeights(*(float(2 + index) for index in range(len(TERMS))))
    config = small_config(**dict(zip(WEIGHT_FIELDS, weights, strict=True)))
    losses = asdict(shared_engine(config).evaluate(content_pixels(), content_pixels(), style_pixels()))
    weighed = sum(weight * losses[term] for term, weight in zip(TERMS, weights, strict=True))
    assert losses["total"] == pytest.approx(weighed, rel=1e-5)


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_every_style_loss_can_be_built_in_each_of_its_formulations(name: str) -> None:
    for formulation, entry in STYLE_LOSSES[name].formulations.items():
        assert isinstance(load_style_loss(name, formulation), StyleLoss)
        assert TransferConfig(style_loss=name, formulation=formulation).loss_weights == entry.weights


def test_an_entry_makes_a_style_loss_known_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STYLE_LOSSES, "means", MEANS)
    assert TransferConfig(style_loss="means", formulation="mean").loss_weights == TermWeights(
        content=1.0, style=2.0, tv=0.0
    )
    config = small_config(style_loss="means", content_weight=0, iterations=5)
    result = StyleTransfer(config).run(content_pixels(), style_pixels())
    assert result.losses.style < result.history[0].style / 2
    with pytest.raises(ConfigError, match="style_loss='mean' is not known; use gram, wasserstein, neighbours or means"):
        small_config(style_loss="mean")
    with pytest.raises(ConfigError, match="style_loss='means' has no formulation 'gatys'; use 'mean'"):
        small_config(style_loss="means", formulation="gatys")


def test_an_entry_says_whether_a_style_loss_can_be_taken_in_tiles_or_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STYLE_LOSSES, "means", replace(MEANS, jit=("GPU",)))
    config = small_config(style_loss="means", jit="auto")
    assert config.replace(tile=32).tile == 32
    assert tile_sides(config, (600, 400)) == (512, 256)
    assert (resolve_jit(config, "GPU:0"), resolve_jit(config, "CPU:0")) == (True, False)
    monkeypatch.setitem(STYLE_LOSSES, "means", replace(MEANS, tileable=False))
    assert tile_sides(config, (600, 400)) == ()
    with pytest.raises(ConfigError, match="tile=32 cannot be had with style_loss='means'; use none"):
        config.replace(tile=32)
