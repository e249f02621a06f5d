"""Options that commands share, and from what a person types to a configuration."""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from nst_engine.config import TransferConfig
from nst_engine.config.from_text import parse_field
from nst_engine.config.presets import PRESETS, RENAMED, preset_fields
from nst_engine.errors import ConfigError, listed
from nst_engine.judging.referee import Referee
from tasks.comparison.grid import STUDIES, Grid, study
from tasks.planning.request import Request

Command = TypeVar("Command", bound=Callable[..., Any])


def with_batch(command: Command) -> Command:
    """Give a command the options that say which pairs a batch has, and where they go; see `read_batch`."""
    backbones = click.option("--backbone", "backbones", multiple=True, metavar="NAME", help="Network to use. Repeats.")
    return with_places(required=True)(backbones(with_pairing(command)))


def with_places(required: bool) -> Callable[[Command], Command]:
    """What gives a command the options that name the folders."""
    return _with(
        click.option(
            "--content",
            required=required,
            metavar="SRC",
            help="Pictures to be stylized: a folder or s3://bucket/prefix.",
        ),
        click.option("--style", required=required, metavar="SRC", help="Pictures whose style they take, likewise."),
        click.option(
            "--output", required=required, metavar="DST", help="Where pictures, tables and report go, likewise."
        ),
    )


def with_pairing(command: Command) -> Command:
    """Give a command the options that say which pictures count, and which goes with which."""
    return _with(
        click.option("--pairing", metavar="NAME", help="every, stem, zip (one to one, in order) or list."),
        click.option("--pairs", metavar="FILE.csv", help="The list: content, style, and what is set for that pair."),
        click.option(
            "--include", multiple=True, metavar="GLOB", help="Only pictures whose key matches, as 2024/*. Repeats."
        ),
        click.option("--exclude", multiple=True, metavar="GLOB", help="No pictures whose key matches. Repeats."),
    )(command)


def with_comparison(command: Command) -> Command:
    """Give a command the options that say what is compared, on what, and who judges; see `read_comparison`."""
    own = _with(
        click.option("--backbone", "backbones", multiple=True, metavar="NAME", help="Network to compare. Repeats."),
        click.option("--vary", "varied", multiple=True, metavar="KEY=VALUE,VALUE", help="A field's values. Repeats."),
        click.option("--referee", metavar="NAME:WEIGHTS", help="Network that judges, as vgg19:imagenet."),
    )
    return with_places(required=False)(own(with_pairing(with_configuration(command))))


def _with(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Options, in the order in which the help shows them, as one decorator."""
    return lambda command: reduce(lambda given, option: option(given), reversed(options), command)


def with_configuration(command: Command) -> Command:
    """Give a command the options that make a configuration."""
    return _with(
        click.option(
            "--preset",
            metavar="NAME",
            callback=_current_preset,
            help="Fields of a published study: " + listed(PRESETS) + ".",
        ),
        click.option("--config", "file", type=click.Path(path_type=Path), metavar="FILE.toml", help="Many fields."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A configuration field. Repeats."),
        click.option("--device", metavar="NAME", help="cpu, gpu or gpu:1; unless given, the best that is there."),
    )(command)


def _current_preset(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    """The name that a preset has now; says so where it was given by an old one."""
    if name not in RENAMED:
        return name
    click.echo(f"nightbrush: the preset {name} is called {RENAMED[name]} now", err=True)
    return RENAMED[name]


def with_runner(command: Command) -> Command:
    """Give a command the option that says what works on pairs."""
    option = click.option(
        "--runner",
        type=click.Choice(("threads", "ray", "workers")),
        default="threads",
        metavar="NAME",
        help="What works on pairs: threads, ray or workers.",
    )
    return option(command)


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
        pair_list=pairs,
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
    values |= _changes(file, settings)
    values |= {name: value for name, value in fields.items() if value is not None}
    return TransferConfig.from_dict(values)


def read_comparison(
    *,
    preset: str | None,
    file: Path | None,
    settings: Iterable[str],
    backbones: Iterable[str],
    varied: Iterable[str],
    pairing: Any,
    pairs: str | None,
    include: Iterable[str],
    exclude: Iterable[str],
    **job: Any,
) -> tuple[tuple[Grid, ...], Request, dict[str, Any]]:
    """The grids, the request, and the rest, which is a job's, of what a command with these options takes.

    Args:
        preset, file, settings: as for `read_config`; a preset may be a published comparison too.
        backbones: networks, each under every combination.
        varied: each `field=value,value`, for all configurations; the layers of one value are joined by `+`.
        pairing, pairs, include, exclude: as for a `Request`.
        job: as it comes.

    Raises:
        NightbrushError: a value is not allowed, or the values make no sense together.
    """
    vary = dict(map(_variation, varied)) | ({"backbone": list(named)} if (named := tuple(backbones)) else {})
    first = next(iter(vary.get("backbone", [])), None)
    if preset in STUDIES:
        grids = study(preset, **_changes(file, settings))
    else:
        grids = (Grid(config=read_config(preset, file, settings, backbone=first)),)
    grids = tuple(replace(grid, vary=grid.vary | vary) for grid in grids)
    request = Request(
        backbones=(grids[0].config.backbone,),
        pairing=pairing,
        pair_list=pairs,
        include=tuple(include),
        exclude=tuple(exclude),
    )
    return grids, request, job


def read_referee(text: str | None) -> Referee | None:
    """The referee that is typed as `backbone:weights`, or as a backbone alone with the weights of ImageNet.

    Raises:
        ConfigError: there is none such.
    """
    if text is None:
        return None
    backbone, _, weights = text.partition(":")
    return Referee(backbone=backbone, weights=weights or TransferConfig().weights)


def _changes(file: Path | None, settings: Iterable[str]) -> dict[str, Any]:
    return ({} if file is None else _from_toml(file)) | dict(map(_setting, settings))


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        return {name: parse_field(name, value) if value == "none" else value for name, value in values.items()}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"configuration file {str(file)!r} cannot be used: {reason}") from error


def _variation(text: str) -> tuple[str, list[Any]]:
    name, equals, values = text.partition("=")
    if not equals:
        raise ConfigError(f"vary {text!r} is not allowed; use field=value,value, such as learning_rate=1,10,15")
    return name.strip(), [parse_field(name.strip(), value.strip(), separator="+") for value in values.split(",")]


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"setting {text!r} is not allowed; use key=value, such as side=1024")
    return name.strip(), parse_field(name.strip(), value.strip())
