"""The run form: how Prefect's UI shows a configuration, and which values its server refuses before a run."""

import re
from inspect import cleandoc
from typing import Annotated, Any, TypeAlias

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nst_engine.config import TransferConfig
from nst_engine.config.bounds import Bound, number_bounds
from nst_engine.registry.backbones import BACKBONES
from nst_engine.registry.losses import STYLE_LOSSES
from nst_engine.registry.optimizers import OPTIMIZERS


class RunForm:
    """Annotates a configuration as a flow parameter: its schema describes each field and the values allowed."""

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the configuration, with the titles, texts, bounds and choices of the form."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        texts = field_texts(TransferConfig)
        for name, field in schema["properties"].items():
            field.update(title=name, description=texts.get(name, ""))
        for name, bound in number_bounds(min(spec.stride for spec in BACKBONES.values())).items():
            _number(schema["properties"][name]).update(_limits(bound))
        schema["properties"]["backbone"]["enum"] = list(BACKBONES)
        schema["properties"]["optimizer"]["enum"] = list(OPTIMIZERS)
        schema["properties"]["style_loss"]["enum"] = list(STYLE_LOSSES)
        schema.update(description=str(TransferConfig.__doc__).partition("\n")[0], additionalProperties=False)
        return reference


ConfigForm: TypeAlias = Annotated[TransferConfig, RunForm()]
"""A configuration as a flow takes it: a form in the UI, checked by the server before there is a run."""


def field_texts(described: type) -> dict[str, str]:
    """The texts of a class's attributes, by name, each as one line, from the docstring of the class.

    There are none where Python leaves out docstrings (`PYTHONOPTIMIZE=2`).
    """
    section = re.split(r"\n(?=\S)", cleandoc(described.__doc__ or "").partition("Attributes:\n")[2])[0]
    entries = re.findall(r"^    (\w+(?:, \w+)*): (.+(?:\n {8}.+)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for names, text in entries for name in names.split(", ")}


def _number(field: dict[str, Any]) -> dict[str, Any]:
    """The part of a field's schema that is a number; the field may also allow None or a word."""
    kinds: list[dict[str, Any]] = field.get("anyOf", [field])
    return next(kind for kind in kinds if kind.get("type") in ("integer", "number"))


def _limits(bound: Bound) -> dict[str, int]:
    """A bound as keywords of JSON Schema."""
    return {"exclusiveMinimum" if bound.above else "minimum": bound.least, "maximum": bound.most}
