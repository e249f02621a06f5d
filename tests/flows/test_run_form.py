"""The run form: each field with what it is, what it may be and what it is unless it is set."""

from dataclasses import fields
from typing import Any, get_args, get_type_hints
from uuid import UUID

import jsonschema
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.exceptions import ParameterTypeError, PrefectHTTPStatusError
from prefect.utilities.callables import parameter_schema

from flows.run_form import LIMITS, ConfigForm, field_texts
from nst_engine import ConfigError, TransferConfig
from nst_engine.registry.backbones import BACKBONES
from nst_engine.registry.optimizers import OPTIMIZERS

DEFAULTS = TransferConfig()
NAMES = [field.name for field in fields(TransferConfig)]
TINY = {"backbone": "tiny", "weights": "random"}


@flow
def filled_in(config: ConfigForm = DEFAULTS) -> None:
    """Takes a configuration."""


SCHEMA = parameter_schema(filled_in).model_dump()
FORM: dict[str, Any] = SCHEMA["definitions"]["TransferConfig"]


def choices(name: str) -> list[str]:
    """The choices of a field's own, or of what it may be beside None."""
    field = FORM["properties"][name]
    return next((kind["enum"] for kind in field.get("anyOf", [field]) if "enum" in kind), [])


def beyond(name: str) -> list[float]:
    """The numbers just beyond a field's limits."""
    limits = LIMITS[name]
    low = [limits["minimum"] - 1] if "minimum" in limits else [limits["exclusiveMinimum"]]
    return [*low, *([limits["maximum"] + 1] if "maximum" in limits else [])]


def at(name: str) -> list[float]:
    """The outermost numbers that a field takes."""
    limits = LIMITS[name]
    low = limits.get("minimum", limits.get("exclusiveMinimum", 0) + 1e-6)
    return [low, *([limits["maximum"]] if "maximum" in limits else [])]


def test_the_form_has_every_field_and_no_other() -> None:
    assert list(FORM["properties"]) == NAMES
    assert FORM["additionalProperties"] is False
    assert FORM["description"] == "What a transfer does. Immutable, hashable, checked when it is made."


@pytest.mark.parametrize("name", NAMES)
def test_a_field_is_called_what_it_is_called_everywhere_and_says_what_it_is(name: str) -> None:
    field = FORM["properties"][name]
    assert field["title"] == name
    assert field["description"] == field_texts(TransferConfig)[name]
    assert len(field["description"]) > 10
    assert "\n" not in field["description"]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_is_filled_in_with_its_default(name: str) -> None:
    default = DEFAULTS.to_dict()[name]
    assert FORM["properties"][name]["default"] == default
    assert SCHEMA["properties"]["config"]["default"][name] == default


@pytest.mark.parametrize("name", NAMES)
def test_a_choice_offers_all_that_there_is(name: str) -> None:
    hint = get_type_hints(TransferConfig)[name]
    literals = [
        value for kind in (hint, *get_args(hint)) for value in get_args(kind) or (kind,) if isinstance(value, str)
    ]
    expected = {"backbone": list(BACKBONES), "optimizer": list(OPTIMIZERS), "levels": []}.get(
        name, list(dict.fromkeys(literals))
    )
    assert choices(name) == expected


def test_names_that_share_a_line_share_its_text() -> None:
    class Described:
        """Two lines.

        Attributes:
            a, b: both of
                them.
            c: the third: it has a colon.

        Raises:
            d: is none of them.
        """

    assert field_texts(Described) == {"a": "both of them.", "b": "both of them.", "c": "the third: it has a colon."}


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_are_those_of_the_engine(name: str) -> None:
    for number in at(name):
        value = {name: int(number) if number == int(number) else number}
        jsonschema.validate({"config": TINY | value}, SCHEMA)
        TransferConfig.from_dict(
            TINY | value | ({"content_weight": 1.0, "style_weight": 1.0} if name == "tv_weight" else {})
        )
    for number in beyond(name):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"config": TINY | {name: number}}, SCHEMA)
        with pytest.raises(ConfigError, match=f"^{name}="):
            TransferConfig.from_dict(TINY | {name: number})


def test_every_number_has_limits() -> None:
    numbers = {
        name
        for name, field in FORM["properties"].items()
        if any(kind.get("type") in ("integer", "number") for kind in field.get("anyOf", [field]))
    }
    assert numbers == LIMITS.keys()


WRONG = [
    ({"backbone": "vgg99"}, "config.backbone"),
    ({"optimizer": "sgd"}, "config.optimizer"),
    ({"style_loss": "gramm"}, "config.style_loss"),
    ({"iterations": 0}, "config.iterations"),
    ({"quality": 101}, "config.quality"),
    ({"side": "big"}, "config.side"),
    ({"sidde": 512}, "sidde"),
]


@pytest.mark.parametrize(("values", "where"), WRONG)
def test_a_wrong_value_is_refused_before_a_run_in_python_with_its_field(values: dict[str, Any], where: str) -> None:
    with pytest.raises(ParameterTypeError, match=where.rpartition(".")[2]):
        filled_in.validate_parameters({"config": values})


def test_the_server_refuses_a_wrong_value_before_there_is_a_run_with_its_field(prefect_api: str) -> None:
    del prefect_api
    deployment = filled_in.to_deployment("form").apply()
    assert isinstance(deployment, UUID)
    with get_client(sync_client=True) as client:
        for values, where in WRONG:
            with pytest.raises(PrefectHTTPStatusError) as refused:
                client.create_flow_run_from_deployment(deployment, parameters={"config": values})
            assert where.rpartition(".")[2] in refused.value.response.text
        run = client.create_flow_run_from_deployment(deployment, parameters={"config": {"backbone": "vgg16"}})
        ours = FlowFilter(name=FlowFilterName(any_=[filled_in.name]))
        assert [found.id for found in client.read_flow_runs(flow_filter=ours)] == [run.id]
