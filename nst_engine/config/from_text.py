"""From the text that a person types to the value of a configuration field."""

from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from nst_engine.config.transfer_config import TransferConfig


def parse_field(name: str, text: str, separator: str = ",") -> Any:
    """The text as the kind of value that the field takes; `none` where it takes None, in parts where it takes several.

    A word that the field knows is that word: `smoothing=none` is none, not the backbone's own. What is no such value
    stays a text, for `TransferConfig` to refuse.
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
