"""What options say, as values: each group of them is one, and makes what a batch or a comparison is."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

from flows.parameters import Batch, ComparisonBatch, Runner
from nst_engine.config import TransferConfig
from nst_engine.config.from_text import FieldValue, parse_field
from nst_engine.config.presets import preset_fields
from nst_engine.errors import ConfigError
from nst_engine.judging.referee import Referee
from tasks.comparison.grid import STUDIES, Grid, study
from tasks.planning.job import Job
from tasks.planning.request import Request, require_pairing
from tasks.text_files import decode_text


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a batch reads its pictures and writes its results: folders, or `s3://bucket/prefix`."""

    content: str
    style: str
    output: str

    @classmethod
    def within(cls, folder: Path) -> Self:
        """Returns the places of a batch whose inputs and output are in one folder."""
        return cls(content=str(folder / "contents"), style=str(folder / "styles"), output=str(folder / "output"))

    def job(self, config: TransferConfig, device: str | None = None, keep_older: bool = False) -> Job:
        """Returns the job of a batch at these places."""
        return Job(
            content=self.content,
            style=self.style,
            output=self.output,
            config=config,
            device=device,
            keep_older=keep_older,
        )


@dataclass(frozen=True, kw_only=True)
class OptionalPlaces:
    """The places of a batch, each of which may be left out; None is a place that is not given."""

    content: str | None
    style: str | None
    output: str | None

    @property
    def are_absent(self) -> bool:
        """True if none is given."""
        return self.content is None and self.style is None and self.output is None

    def or_else(self, others: Places) -> Places:
        """Returns the places that are given, or `others` if none is.

        Raises:
            ConfigError: some are given, and not all.
        """
        if self.content is not None and self.style is not None and self.output is not None:
            return Places(content=self.content, style=self.style, output=self.output)
        if self.are_absent:
            return others
        missing = [field.name for field in fields(self) if getattr(self, field.name) is None]
        raise ConfigError(f"{' and '.join(missing)} is not given; name content, style and output, or none of them")


@dataclass(frozen=True, kw_only=True)
class PairingOptions:
    """Which pictures are paired, and how, as a person types it; the fields are those of a `Request`."""

    pairing: str | None
    pairs: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def request(self, backbones: Sequence[str]) -> Request:
        """Returns the request for these pairs.

        Raises:
            PairingError: a value is not allowed, or the values make no sense together.
        """
        return Request(
            backbones=tuple(backbones),
            pairing=None if self.pairing is None else require_pairing(self.pairing),
            pair_list=self.pairs,
            include=self.include,
            exclude=self.exclude,
        )


@dataclass(frozen=True, kw_only=True)
class ConfigurationOptions:
    """What a transfer does, as a person types it, and on which device.

    Attributes:
        preset: name of a preset, or of a published comparison.
        file: a TOML file of configuration fields.
        settings: configuration fields, each `key=value`.
        device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.
    """

    preset: str | None
    file: Path | None
    settings: tuple[str, ...]
    device: str | None

    def config(self, backbone: str | None = None, weights: str | None = None) -> TransferConfig:
        """Returns the preset, changed by the file, by the settings, and by a backbone and weights that are not None.

        Raises:
            ConfigError: the preset is not known, the file is not TOML, a setting is not `key=value`, or a field or its
                value is not allowed.
        """
        preset = {} if self.preset is None else preset_fields(self.preset)
        named = {"backbone": backbone, "weights": weights}
        given = {name: value for name, value in named.items() if value is not None}
        return TransferConfig.from_dict(preset | self.changes() | given)

    def changes(self) -> dict[str, object]:
        """Returns the fields that the file and the settings change, the values not yet checked.

        Raises:
            ConfigError: the file is not TOML, a setting is not `key=value`, or its field is not known.
        """
        return ({} if self.file is None else _read_toml(self.file)) | dict(map(_parse_setting, self.settings))


@dataclass(frozen=True, kw_only=True)
class ComparisonOptions:
    """What is compared, and who judges, as a person types it.

    Attributes:
        backbones: networks, each under every combination; `name=weights` where one has weights of its own.
        varied: values to compare, each `field=value,value`; the layers of one value are joined by `+`.
        referee: the network that judges, see `read_referee`.
    """

    backbones: tuple[str, ...]
    varied: tuple[str, ...]
    referee: str | None

    def grids(self, configuration: ConfigurationOptions) -> tuple[Grid, ...]:
        """Returns the grids of a published comparison, or of one configuration, each with the varied fields added.

        Raises:
            ConfigError: a value is not allowed.
        """
        vary: dict[str, list[object]] = dict(map(_parse_variation, self.varied))
        if any("=" in entry for entry in self.backbones) and configuration.preset not in STUDIES:
            vary.pop("backbone", None)
            named = (entry.partition("=") for entry in self.backbones)
            configs = (configuration.config(name, weights or None) for name, _, weights in named)
            return tuple(Grid(config=config, vary=dict(vary)) for config in configs)
        if self.backbones:
            vary["backbone"] = list(self.backbones)
        if configuration.preset in STUDIES:
            grids = study(configuration.preset, **configuration.changes())
        else:
            first = next(iter(vary.get("backbone", [])), None)
            grids = (Grid(config=configuration.config(None if first is None else str(first))),)
        return tuple(replace(grid, vary=grid.vary | vary) for grid in grids)


def read_batch(
    places: Places,
    backbones: Sequence[str],
    pairing: PairingOptions,
    configuration: ConfigurationOptions,
    *,
    runner: Runner = "threads",
    pairs_per_task: int | None = None,
    allow_failures: bool = False,
    keep_older: bool = False,
) -> Batch:
    """Returns the batch that the options describe; without `backbones` it has that of the configuration.

    Raises:
        NightbrushError: a value is not allowed, or the values make no sense together.
    """
    config = configuration.config(next(iter(backbones), None))
    return Batch(
        job=places.job(config, configuration.device, keep_older),
        request=pairing.request(backbones or (config.backbone,)),
        runner=runner,
        pairs_per_task=pairs_per_task,
        allow_failures=allow_failures,
    )


def read_comparison(
    places: Places,
    compared: ComparisonOptions,
    pairing: PairingOptions,
    configuration: ConfigurationOptions,
    *,
    runner: Runner = "threads",
    allow_failures: bool = False,
    keep_older: bool = False,
) -> ComparisonBatch:
    """Returns the comparison that the options describe.

    Raises:
        NightbrushError: a value is not allowed, or the values make no sense together.
    """
    grids = compared.grids(configuration)
    config = grids[0].config
    return ComparisonBatch(
        job=places.job(config, configuration.device, keep_older),
        request=pairing.request((config.backbone,)),
        grids=grids,
        referee=read_referee(compared.referee),
        runner=runner,
        allow_failures=allow_failures,
    )


def read_referee(text: str | None) -> Referee | None:
    """The referee for a text `backbone:weights`, or for a backbone alone, with the default weights.

    Raises:
        ConfigError: there is no such backbone, or it has no such weights.
    """
    if text is None:
        return None
    backbone, _, weights = text.partition(":")
    return Referee(backbone=backbone, weights=weights or TransferConfig().weights)


def _read_toml(file: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(decode_text(file.read_bytes()))
        return {name: parse_field(name, value) if value == "none" else value for name, value in values.items()}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"configuration file {str(file)!r} cannot be used: {reason}") from error


def _parse_variation(text: str) -> tuple[str, list[object]]:
    name, equals, values = text.partition("=")
    if not equals:
        raise ConfigError(f"vary {text!r} is not allowed; use field=value,value, such as learning_rate=1,10,15")
    return name.strip(), [parse_field(name.strip(), value.strip(), separator="+") for value in values.split(",")]


def _parse_setting(text: str) -> tuple[str, FieldValue]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"setting {text!r} is not allowed; use key=value, such as side=1024")
    return name.strip(), parse_field(name.strip(), value.strip())
