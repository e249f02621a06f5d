"""The run form: each field with what it is, what it may be and what it is unless it is set."""

import subprocess
import sys
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

from flows.run_form import ConfigForm, field_texts
from nst_engine import TransferConfig
from nst_engine.config.bounds import number_bounds
from nst_engine.registry.backbones import BACKBONES
from nst_engine.registry.losses import STYLE_LOSSES
from nst_engine.registry.optimizers import OPTIMIZERS

DEFAULTS = TransferConfig()
NAMES = [field.name for field in fields(TransferConfig)]
TINY = {"backbone": "tiny", "weights": "random"}
REGISTERED = {
    "backbone": list(BACKBONES),
    "optimizer": list(OPTIMIZERS),
    "style_loss": list(STYLE_LOSSES),
    "levels": [],
}


@flow
def filled_in(config: ConfigForm = DEFAULTS) -> None:
    """Takes a configuration."""


SCHEMA = parameter_schema(filled_in).model_dump()
FORM: dict[str, Any] = SCHEMA["definitions"]["TransferConfig"]


def choices(name: str) -> list[str]:
    """The choices of a field's own, or of what it may be beside None."""
    field = FORM["properties"][name]
    return next((kind["enum"] for kind in field.get("anyOf", [field]) if "enum" in kind), [])


def test_the_form_has_every_field_and_no_other() -> None:
    assert list(FORM["properties"]) == NAMES
    assert FORM["additionalProperties"] is False
    assert FORM["description"] == "What a transfer does. Immutable, hashable, checked when it is made."


def test_without_docstrings_there_is_a_form_without_texts() -> None:
    program = (
        "from flows.batch import stylize_batch; "
        "form = stylize_batch.parameters.model_dump()['definitions']['TransferConfig']; "
        "print({field['description'] for field in form['properties'].values()})"
    )
    command = [sys.executable, "-OO", "-c", program]
    assert subprocess.check_output(command, text=True) == "{''}\n"  # noqa: S603 - ourselves


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
    expected = REGISTERED.get(name, list(dict.fromkeys(literals)))
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


@pytest.mark.parametrize("name", number_bounds(1))
def test_the_form_has_the_bounds_of_the_engine(name: str) -> None:
    bound, field = number_bounds(min(spec.stride for spec in BACKBONES.values()))[name], FORM["properties"][name]
    [number] = [kind for kind in field.get("anyOf", [field]) if kind.get("type") in ("integer", "number")]
    assert (number["type"] == "integer") is bound.whole
    least, absent = ("exclusiveMinimum", "minimum") if bound.above else ("minimum", "exclusiveMinimum")
    assert (number[least], number["maximum"]) == (bound.least, bound.most)
    assert absent not in number


def test_the_form_refuses_what_is_beyond_a_bound() -> None:
    jsonschema.validate({"config": TINY | {"side": 4, "balance": 1e-6, "quality": 100}}, SCHEMA)
    for values in ({"side": 3}, {"balance": 0}, {"quality": 101}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"config": TINY | values}, SCHEMA)


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
