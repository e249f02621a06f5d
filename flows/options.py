"""Options that commands share, and from what a person types to a configuration."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError, listed
from nst_engine.presets import PRESETS, preset_fields
from tasks.pairs import Request
from tasks.values import typed

Command = TypeVar("Command", bound=Callable[..., Any])


def with_batch(command: Command) -> Command:
    """Give a command the options that say which pairs a batch has, and where they go; see `read_batch`."""
    for option in (
        click.option("--exclude", multiple=True, metavar="GLOB", help="No pictures whose key matches. Repeats."),
        click.option(
            "--include", multiple=True, metavar="GLOB", help="Only pictures whose key matches, as 2024/*. Repeats."
        ),
        click.option("--pairs", metavar="FILE.csv", help="The list: content, style, and what is set for that pair."),
        click.option("--pairing", metavar="NAME", help="every, stem, zip (one to one, in order) or list."),
        click.option("--backbone", "backbones", multiple=True, metavar="NAME", help="Network to use. Repeats."),
        click.option("--output", required=True, metavar="DST", help="Where pictures, tables and report go, likewise."),
        click.option("--style", required=True, metavar="SRC", help="Pictures whose style they take, likewise."),
        click.option(
            "--content", required=True, metavar="SRC", help="Pictures to be stylized: a folder or s3://bucket/prefix."
        ),
    ):
        command = option(command)
    return command


def with_configuration(command: Command) -> Command:
    """Give a command the options that make a configuration."""
    for option in (
        click.option("--device", metavar="NAME", help="cpu, gpu or gpu:1; unless given, the best that is there."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A configuration field. Repeats."),
        click.option("--config", "file", type=click.Path(path_type=Path), metavar="FILE.toml", help="Many fields."),
        click.option("--preset", metavar="NAME", help="Fields of a published study: " + listed(PRESETS) + "."),
    ):
        command = option(command)
    return command


def with_history(command: Command) -> Command:
    """Give a command the option to do without a history."""
    option = click.option(
        "--no-history",
        is_flag=True,
        envvar="NIGHTBRUSH_NO_HISTORY",
        help="Start no server for the run's history; PREFECT_API_URL is still reported to.",
    )
    return option(command)


def read_batch(
    *,
    preset: str | None,
    file: Path | None,
    settings: Iterable[str],
    backbones: Iterable[str],
    pairing: Any,
    pairs: str | None,
    include: Iterable[str],
    exclude: Iterable[str],
    **job: Any,
) -> tuple[TransferConfig, Request, dict[str, Any]]:
    """The configuration, the request, and the rest, which is a job's, of what a command with all these options takes.

    Raises:
        NightbrushError: the values are not allowed, or make no sense together.
    """
    named = tuple(backbones)
    config = read_config(preset, file, settings, backbone=next(iter(named), None))
    request = Request(
        backbones=named or (config.backbone,),
        pairing=pairing,
        pairs=pairs,
        include=tuple(include),
        exclude=tuple(exclude),
    )
    return config, request, job


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
