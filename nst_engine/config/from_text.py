"""Parse typed text into the value of a configuration field."""

from functools import cache
from types import NoneType
from typing import Any, TypeAlias, get_args, get_type_hints

from nst_engine.config.transfer_config import TransferConfig

FieldValue: TypeAlias = str | int | float | bool | tuple[str, ...] | None
"""What a field of a configuration can hold."""


def parse_field(name: str, text: str, separator: str = ",") -> FieldValue:
    """Parse text as the type of the field; `none` is None where the field allows it, and lists are split.

    A choice of the field comes first: `smoothing=none` is the choice `none`, not None. Text that does not parse stays
    text, and `TransferConfig` refuses it.
    """
    kinds = _kinds(name)
    if any(text in get_args(kind) for kind in kinds):
        return text
    if text.lower() == "none" and NoneType in kinds:
        return None
    if any(getattr(kind, "__origin__", None) is tuple for kind in kinds):
        return tuple(part.strip() for part in text.split(separator))
    if bool in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    return text


@cache
def _kinds(name: str) -> tuple[Any, ...]:
    hint = get_type_hints(TransferConfig).get(name, str)
    return get_args(hint) or (hint,)
