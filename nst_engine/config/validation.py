"""Check the fields of a configuration, each alone and together."""

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, get_args

from nst_engine.config.bounds import WEIGHT, number_bounds
from nst_engine.errors import ConfigError, listed
from nst_engine.registry.backbones import Smoothing, WeightsKind
from nst_engine.registry.losses import STYLE_LOSSES
from nst_engine.registry.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from nst_engine.config.transfer_config import TransferConfig

STARTS = ("content", "noise", "style")
"""What a picture can start from, files aside: the values of `init` that are no path."""


def validate(config: "TransferConfig", choices: Mapping[str, Collection[str]]) -> None:
    """Refuse a configuration that makes no sense.

    Args:
        config: to be checked.
        choices: by field, the words that its value must be one of.

    Raises:
        ConfigError: the text says the field, its value and what is allowed.
    """
    for name in ("backbone", "weights", "init", "optimizer"):
        check_text(name, getattr(config, name))
    for name, words in choices.items():
        check_choice(name, getattr(config, name), words)
    if config.smoothing is not None:
        check_choice("smoothing", config.smoothing, get_args(Smoothing))
    if config.optimizer not in OPTIMIZERS:
        raise ConfigError(f"optimizer={config.optimizer!r} is not known; use {listed(OPTIMIZERS)}")
    _check_numbers(config)
    _check_layers(config)
    _check_weights_source(config)
    _check_init(config)
    _check_tile(config)
    _check_styles(config)
    _check_repeatable(config)
    _check_formulation(config)
    _check_method(config)


def _check_numbers(config: "TransferConfig") -> None:
    for name, bound in number_bounds(config.spec.stride).items():
        value = getattr(config, name)
        if not bound.allows(value):
            raise ConfigError(f"{name}={value!r} is not allowed; use {bound.numbers}")


def _check_layers(config: "TransferConfig") -> None:
    for name in ("content_layers", "style_layers"):
        entries = getattr(config, name)
        if entries is None:
            continue
        layers = [layer for layer, _ in map(split_layer, entries)]
        for layer in layers:
            if layer not in config.spec.layers:
                known = listed(config.spec.layers)
                raise ConfigError(f"{name}={layer!r} is not a layer of {config.backbone}; use {known}")
            if layers.count(layer) > 1:
                raise ConfigError(f"{name} names {layer!r} twice; name each layer once")
        if sum(share for _, share in map(split_layer, entries)) <= 0:
            raise ConfigError(f"{name}: the layer weights sum to 0; at least one must be above 0")


def _check_weights_source(config: "TransferConfig") -> None:
    named, own = get_args(WeightsKind), config.spec.weights
    if config.weights in named and config.weights not in own:
        allowed = listed([*own, "the path of a weights file"])
        raise ConfigError(f"weights={config.weights!r} does not exist for {config.backbone}; use {allowed}")
    if config.weights not in named and not config.weights.endswith(".h5"):
        allowed = listed([*own, "the path of an .h5 or .weights.h5 file"])
        raise ConfigError(f"weights={config.weights!r} is not known; use {allowed}")


def _check_init(config: "TransferConfig") -> None:
    if config.init not in STARTS and "." not in config.init:
        raise ConfigError(f"init={config.init!r} is not known; use content, noise, style or the path of a picture")


def _check_tile(config: "TransferConfig") -> None:
    if config.tile is not None and config.spec.reach is None:
        raise ConfigError(f"tile={config.tile!r} cannot be had: {config.backbone} sees the whole picture; use none")
    if config.tile is not None and not STYLE_LOSSES[config.style_loss].tileable:
        raise ConfigError(f"tile={config.tile!r} cannot be had with style_loss={config.style_loss!r}; use none")


def _check_styles(config: "TransferConfig") -> None:
    for path, weight in map(split_style, config.blend or ()):
        if not path or not weight or not WEIGHT.allows(weight):
            allowed = f"use path or path:weight, the weight > 0 and <= {WEIGHT.most:g}"
            raise ConfigError(f"blend={f'{path}:{weight:g}'!r} is not allowed; {allowed}")
    styles = 1 + len(config.blend or ())
    for name in ("content_masks", "style_masks"):
        masks = getattr(config, name)
        if masks is not None and len(masks) != styles:
            raise ConfigError(
                f"{name} names {len(masks)} masks; use {styles}: one for the style and one for each of blend"
            )


def _check_repeatable(config: "TransferConfig") -> None:
    if config.deterministic and config.time_limit is not None:
        raise ConfigError(
            f"time_limit={config.time_limit!r} depends on the clock; with deterministic=True use tolerance"
        )


def _check_formulation(config: "TransferConfig") -> None:
    allowed = STYLE_LOSSES[config.style_loss].formulations
    if config.formulation not in allowed:
        known = listed(map(repr, allowed))
        raise ConfigError(f"style_loss={config.style_loss!r} has no formulation {config.formulation!r}; use {known}")


def _check_method(config: "TransferConfig") -> None:
    """A painter knows one side and one style, the same for all contents."""
    allowed = {
        "side": config.side is not None,
        "init": config.init == "content",
        "content_masks": config.content_masks is None,
        "balance": config.balance is None,
        "preserve_color": config.preserve_color in ("none", "luminance"),
    }
    if config.method == "paint" and not all(allowed.values()):
        name = next(name for name, good in allowed.items() if not good)
        raise ConfigError(f"{name}={getattr(config, name)!r} cannot be had with method='paint'; {_INSTEAD[name]}")


_INSTEAD = {
    "side": "use a side in pixels",
    "init": "use init='content'",
    "content_masks": "use none",
    "balance": "use none",
    "preserve_color": "use none or luminance",
}


def split_layer(layer: str) -> tuple[str, float]:
    """Name and weight of a layer given as `name` or `name:weight`."""
    name, colon, text = layer.partition(":")
    try:
        share = float(text) if colon else 1.0
    except ValueError:
        share = math.nan
    if not WEIGHT.allows(share):
        raise ConfigError(f"layer {layer!r} has the weight {text!r}; use {WEIGHT.numbers}")
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


def check_choice(name: str, value: object, words: Collection[str]) -> None:
    """Refuse what is not one of the words."""
    if not isinstance(value, str) or value not in words:
        raise ConfigError(f"{name}={value!r} is not known; use {listed(words)}")
