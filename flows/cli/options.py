"""Options that commands share; each group of them comes to a command as one value of `option_values`."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from os.path import expanduser
from pathlib import Path
from typing import Any, TypeAlias, get_args

import click

from flows.cli.option_values import (
    ComparisonOptions,
    ConfigurationOptions,
    OptionalPlaces,
    PairingOptions,
    Places,
)
from flows.parameters import Runner
from nst_engine.config.presets import PRESETS, RENAMED
from nst_engine.errors import listed

Command: TypeAlias = Callable[..., int]
"""The function of a command; it returns the exit status."""

Decorator: TypeAlias = Callable[[Command], Command]
"""Adds options to a command."""


class HomePath(click.Path):
    """A path in which `~` is the home, also where the shell leaves it to the command."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path in full; an address stays as it is."""
        return super().convert(expanduser(value), param, ctx)  # noqa: PTH111 - addresses are no paths


def with_batch(command: Command) -> Command:
    """Add the options that say which pairs a batch has, and where its results go.

    The command gets them as `places`, `backbones`, `pairing` and `configuration`, which `read_batch` takes.
    """
    backbones = click.option("--backbone", "backbones", multiple=True, metavar="NAME", help="Network to use. Repeats.")
    places = _add_options("places", Places, *_place_options(required=True))
    return places(backbones(_with_pairing(with_configuration(command))))


def with_comparison(command: Command) -> Command:
    """Add the options that say what is compared, on which pictures, and which network judges.

    The command gets them as `places`, `compared`, `pairing` and `configuration`, for `read_comparison`; `places` may be
    absent.
    """
    compared = _add_options(
        "compared",
        ComparisonOptions,
        click.option(
            "--backbone", "backbones", multiple=True, metavar="NAME[=WEIGHTS]", help="Network to compare. Repeats."
        ),
        click.option("--vary", "varied", multiple=True, metavar="KEY=VALUE,VALUE", help="A field's values. Repeats."),
        click.option("--referee", metavar="NAME:WEIGHTS", help="Network that judges, as vgg19:imagenet."),
    )
    places = _add_options("places", OptionalPlaces, *_place_options(required=False))
    return places(compared(_with_pairing(with_configuration(command))))


def with_configuration(command: Command) -> Command:
    """Add the options of a configuration and a device; the command gets them as `configuration`."""
    return _add_options(
        "configuration",
        ConfigurationOptions,
        click.option(
            "--preset",
            metavar="NAME",
            callback=_current_preset,
            help="Fields of a published study: " + listed(PRESETS) + ".",
        ),
        click.option("--config", "file", type=HomePath(path_type=Path), metavar="FILE.toml", help="Many fields."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A configuration field. Repeats."),
        click.option("--device", metavar="NAME", help="cpu, gpu or gpu:1; unless given, the best that is there."),
    )(command)


def _current_preset(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    """The current name of a preset; prints a line if the name is an old one."""
    if name not in RENAMED:
        return name
    click.echo(f"nightbrush: the preset {name} is called {RENAMED[name]} now", err=True)
    return RENAMED[name]


def with_runner(command: Command) -> Command:
    """Add the option that says what works on the pairs."""
    option = click.option(
        "--runner",
        type=click.Choice(get_args(Runner)),
        default="threads",
        metavar="NAME",
        help="What works on pairs: threads, ray or workers.",
    )
    return option(command)


def with_keep_older(command: Command) -> Command:
    """Add the option to leave the pictures of earlier releases as they are."""
    option = click.option(
        "--keep-older",
        is_flag=True,
        help="Leave pictures that an earlier release made with its own defaults or recipe.",
    )
    return option(command)


def with_history(command: Command) -> Command:
    """Add the option to keep no history."""
    option = click.option(
        "--no-history",
        is_flag=True,
        envvar="NIGHTBRUSH_NO_HISTORY",
        help="Start no server for the run's history; PREFECT_API_URL is still reported to.",
    )
    return option(command)


def _place_options(required: bool) -> tuple[Decorator, ...]:
    return (
        click.option(
            "--content",
            required=required,
            metavar="SRC",
            help="Pictures to be stylized: a folder or s3://bucket/prefix.",
        ),
        click.option(
            "--style",
            required=required,
            metavar="SRC",
            help="Pictures that give the style: a folder or s3://bucket/prefix.",
        ),
        click.option(
            "--output",
            required=required,
            metavar="DST",
            help="For results, tables and report: a folder or s3://bucket/prefix.",
        ),
    )


def _with_pairing(command: Command) -> Command:
    return _add_options(
        "pairing",
        PairingOptions,
        click.option("--pairing", metavar="NAME", help="every, stem, zip (one to one, in order) or list."),
        click.option("--pairs", metavar="FILE.csv", help="The list: content, style, and what is set for that pair."),
        click.option(
            "--include", multiple=True, metavar="GLOB", help="Only pictures whose key matches, as 2024/*. Repeats."
        ),
        click.option("--exclude", multiple=True, metavar="GLOB", help="No pictures whose key matches. Repeats."),
    )(command)


_Options: TypeAlias = Places | OptionalPlaces | PairingOptions | ConfigurationOptions | ComparisonOptions


def _add_options(name: str, kind: type[_Options], *options: Decorator) -> Decorator:
    """Returns a decorator that adds options to a command, and hands them to it as one value.

    Args:
        name: the argument of the command that takes the value.
        kind: the class of the value; its fields have the names of the options.
        options: click's, in the order in which the help shows them.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def gather(**given: Any) -> int:
            values = {field.name: given.pop(field.name) for field in fields(kind)}
            return command(**given, **{name: kind(**values)})

        decorated: Command = gather
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
