"""From what a person types to a configuration."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError
from nst_engine.presets import preset_fields
from tasks.values import typed


def read_config(preset: str | None, file: Path | None, settings: Iterable[str], **fields: Any) -> TransferConfig:
    """The configuration of a preset, changed by a TOML file, by `key=value` settings, and by fields that are not None.

    Raises:
        ConfigError: the preset is not known, the file is not TOML, a setting is not `key=value`, or a field or its
            value is not allowed.
    """
    values = {} if preset is None else preset_fields(preset)
    values |= {} if file is None else _from_toml(file)
    values |= dict(map(_setting, settings))
    values |= {name: value for name, value in fields.items() if value is not None}
    return TransferConfig.from_dict(values)


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        return {name: typed(name, value) if value == "none" else value for name, value in values.items()}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"configuration file {str(file)!r} cannot be used: {reason}") from error


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"setting {text!r} is not allowed; use key=value, such as side=1024")
    return name.strip(), typed(name.strip(), value.strip())
