"""The loss terms: whoever reads, weighs or shows one knows it by its name."""

from dataclasses import asdict, fields

import pytest

from nst_engine import LossTerms, Record, TransferConfig
from nst_engine.config.bounds import number_bounds
from nst_engine.registry.losses import LOSS_NAMES, LOSS_TITLES, TERMS, TOTAL, WEIGHT_FIELDS, TermWeights
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels


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
