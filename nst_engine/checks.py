"""Checks of configuration values; each raises a ConfigError that says the value and what was allowed."""

import math
from typing import get_args

from nst_engine.errors import ConfigError, listed


def split_layer(layer: str) -> tuple[str, float]:
    """Name and weight of a layer given as `name` or `name:weight`."""
    name, colon, text = layer.partition(":")
    try:
        share = float(text) if colon else 1.0
    except ValueError:
        share = math.nan
    if not (math.isfinite(share) and share >= 0):
        raise ConfigError(f"layer {layer!r} has the weight {text!r}; use a number >= 0")
    return name, share


def split_style(entry: str) -> tuple[str, float]:
    """Path and weight of a style given as `path` or `path:weight`; a path may have colons of its own."""
    path, colon, text = entry.rpartition(":")
    try:
        weight = float(text) if colon else math.nan
    except ValueError:
        weight = math.nan
    return (path, weight) if math.isfinite(weight) else (entry, 1.0)


def checked_names(name: str, value: object) -> tuple[str, ...] | None:
    """The names as a tuple; None is let through.

    Raises:
        ConfigError: the value is no list of texts, or an empty one.
    """
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
        raise ConfigError(f"{name}={value!r} is not allowed; use a list of texts, or none")
    if not value:
        raise ConfigError(f"{name} is empty; name at least one, or leave it out")
    return tuple(value)


def check_boolean(name: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name}={value!r} is not allowed; use true or false")


def check_text(name: str, value: object) -> None:
    """Refuse what is not a text."""
    if not isinstance(value, str):
        raise ConfigError(f"{name}={value!r} is not allowed; use a text")


def check_choice(name: str, value: object, annotation: object) -> None:
    """Refuse what is not one of the values of a Literal."""
    if not isinstance(value, str) or value not in get_args(annotation):
        raise ConfigError(f"{name}={value!r} is not known; use {listed(get_args(annotation))}")


def check_number(name: str, value: float, least: float | None = None, above: float | None = None) -> None:
    """Refuse what is not a finite number within its bound."""
    bound = f">= {least:g}" if above is None else f"> {above:g}"
    numeric = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not numeric or (least is not None and value < least) or (above is not None and value <= above):
        raise ConfigError(f"{name}={value!r} is not allowed; use a finite number {bound}")


def check_integer(name: str, value: object, least: int, most: int | None = None) -> None:
    """Refuse what is not a whole number within its bounds."""
    whole = value if isinstance(value, int) and not isinstance(value, bool) else -1
    if whole < least or (most is not None and whole > most):
        bound = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(f"{name}={value!r} is not allowed; use a whole number {bound}")
