"""The request for a comparison: grids of configurations, their variants, and the trials."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from itertools import product

from nst_engine.config import TransferConfig
from nst_engine.config.presets import preset_fields
from nst_engine.errors import ConfigError
from nst_engine.judging.referee import Referee
from tasks.planning.collisions import first_collision
from tasks.planning.pairs import Overrides, PairSpec, Plan
from tasks.planning.request import PairingError
from tasks.planning.requirements import require_referee, require_usable

_LONGEST_SLUG = 80


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Configurations that differ in some fields only: every combination of their values.

    Attributes:
        config: the fields that they share.
        vary: values by field.
    """

    config: TransferConfig = field(default_factory=TransferConfig)
    vary: dict[str, list[object]] = field(default_factory=dict)

    def combinations(self) -> Iterator[dict[str, object]]:
        """The values of the varied fields, one combination after another; the last field changes fastest."""
        return (dict(zip(self.vary, values, strict=True)) for values in product(*self.vary.values()))


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One configuration of a comparison.

    Attributes:
        name: backbone and values that set it apart from the others, for tables and charts.
        slug: the name without the backbone, for the names of files; empty if only the backbone differs.
        config: the configuration.
    """

    name: str
    slug: str
    config: TransferConfig


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One picture of a comparison.

    Attributes:
        pair: name of the pair, the same under each variant.
        variant: the configuration.
        spec: the pair under the variant, for the pipeline.
    """

    pair: str
    variant: Variant
    spec: PairSpec


_BLOCKS = tuple(f"conv{block}_block" for block in range(2, 6))

STUDIES: dict[str, tuple[tuple[str, dict[str, list[object]]], ...]] = {
    "gatys-vgg16-resnet50": (
        ("gatys-vgg16", {}),
        ("gatys-vgg16", {"learning_rate": [1.0, 10.0, 15.0, 20.0, 30.0]}),
        ("gatys-vgg16", {"content_layers": [[f"block{block}_conv2"] for block in (5, 4, 3)]}),
        ("gatys-resnet50", {}),
        ("gatys-resnet50", {"learning_rate": [1.0, 10.0, 15.0, 20.0, 30.0]}),
        (
            "gatys-resnet50",
            {
                "style_layers": [
                    [f"{block}1_1_conv" for block in _BLOCKS],
                    ["conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"],
                    [f"{block}1_1_relu" for block in _BLOCKS],
                ]
            },
        ),
    )
}
"""Published comparisons by name: presets, each with the varied fields. This one compares VGG16 with
ResNet50: two recipes, five rates for each, and the layer sets that its authors tried."""


def study(name: str, **changes: object) -> tuple[Grid, ...]:
    """The grids of a published comparison, with some fields of all configurations changed.

    Raises:
        ConfigError: a field or its value is not allowed.
    """
    return tuple(
        Grid(config=TransferConfig.from_dict(preset_fields(preset) | changes), vary=vary)
        for preset, vary in STUDIES[name]
    )


def variants(grids: Sequence[Grid]) -> tuple[Variant, ...]:
    """The configurations of the grids in their order, each once, under its first name.

    Raises:
        ConfigError: a field or a value is not allowed, a field has no values, or there is one configuration only.
    """
    slugs: dict[TransferConfig, str] = {}
    for grid in grids:
        for values in _checked(grid).combinations():
            config = TransferConfig.from_dict(grid.config.to_dict() | values)
            slugs.setdefault(config, _slug(values))
    if len(slugs) < 2:
        raise ConfigError("there is one configuration only; vary a field, or name two backbones, to compare")
    several = len({config.backbone for config in slugs}) > 1
    seen: Counter[str] = Counter()
    found = []
    for config, slug in slugs.items():
        name = " ".join(filter(None, (config.backbone if several or not slug else "", slug)))
        seen[name] += 1
        again = "" if seen[name] == 1 else f"#{seen[name]}"
        found.append(Variant(name=name + again, slug=_safe(slug + again), config=config))
    return tuple(found)


def require_comparable(grids: Sequence[Grid]) -> None:
    """Refuse grids that make no comparison, before anything is listed or downloaded.

    Raises:
        ConfigError: as for `variants`.
    """
    variants(grids)


def trials(plan: Plan, variants: Iterable[Variant], config: TransferConfig) -> tuple[Trial, ...]:
    """Every pair of a plan under every variant, variant by variant, so that a network is loaded once.

    Args:
        plan: pairs under one configuration.
        variants: the configurations to compare.
        config: the configuration of the plan, which the pairs override.

    Raises:
        PairingError: the plan's pair list sets fields by itself.
    """
    pairs = tuple(plan.pairs)
    if own := next((pair for pair in pairs if pair.overrides or pair.backbone != config.backbone), None):
        names = ", ".join(name for name, _ in own.overrides) or "backbone"
        raise PairingError(f"the pair list sets {names} for {own.pair!r}; leave it out, a comparison sets it itself")
    return tuple(
        Trial(pair=pair.pair, variant=variant, spec=_specified(pair, variant, config))
        for variant in variants
        for pair in pairs
    )


def trials_of(plan: Plan, grids: Sequence[Grid], referee: Referee | None = None) -> tuple[Trial, ...]:
    """The trials of a comparison, once all that this machine needs to make and judge them is there.

    Args:
        plan: the pairs, under the configuration of the first grid.
        grids: the configurations.
        referee: the network that judges; None chooses an available one.

    Raises:
        ConfigError: a configuration is not allowed, or there is one only.
        WeightsError: weights of a configuration or of the referee are absent or damaged.
        PairingError: the plan's pair list sets fields by itself, or two pictures would be one file.
    """
    compared = variants(grids)
    for variant in compared:
        require_usable(variant.config)
    if referee is not None:
        require_referee(referee)
    entered = trials(plan, compared, grids[0].config)
    if found := first_collision([trial.spec for trial in entered]):
        one, other = (entered[index].variant.name for index in found)
        raise PairingError(f"{one!r} and {other!r} would be written to one file; leave one of them out")
    return entered


def _checked(grid: Grid) -> Grid:
    for name, values in grid.vary.items():
        if not isinstance(values, list) or not values:
            raise ConfigError(f"vary {name}={values!r} is not allowed; use a list of one value or more")
    return grid


def _specified(pair: PairSpec, variant: Variant, config: TransferConfig) -> PairSpec:
    title = f"{pair.pair}--{variant.slug}" if variant.slug else pair.title
    return replace(pair, backbone=variant.config.backbone, overrides=_departures(variant.config, config), title=title)


def _departures(config: TransferConfig, base: TransferConfig) -> Overrides:
    names = sorted(field.name for field in fields(config) if field.name != "backbone")
    return tuple((name, getattr(config, name)) for name in names if getattr(config, name) != getattr(base, name))


def _slug(values: Mapping[str, object]) -> str:
    """Values of fields as text for people, without the backbone."""
    return " ".join(f"{name}={_text(value)}" for name, value in values.items() if name != "backbone")


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "+".join(map(str, value))
    if isinstance(value, bool | None):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _safe(slug: str) -> str:
    """The slug as part of a file name; if it loses characters, six digits of its hash make it unique."""
    plain = re.sub(r"[^\w.=+#-]+", "_", slug)
    if len(plain) <= _LONGEST_SLUG and re.fullmatch(r"[\w.=+# -]*", slug):
        return plain
    return f"{plain[:_LONGEST_SLUG]}~{sha256(slug.encode()).hexdigest()[:6]}"
