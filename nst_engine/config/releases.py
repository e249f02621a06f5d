"""What a configuration has meant from release to release: the defaults, what a field at None stands for, the recipe.

`RELEASES` ends with what this version does, and a test holds it against the code. A changed default, a new field, other
layers or weights, a new network, loss or optimizer, and a raised recipe each belong into its last entry, or into a new
one where the last is released. An entry that is released never changes: pictures are known by it.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nst_engine.config.transfer_config import TransferConfig
from nst_engine.errors import ConfigError

Fields = dict[str, Any]
"""Values of fields, as `TransferConfig.to_dict` gives them."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What configurations mean in a release.

    Attributes:
        recipe: raised only where the same inputs and fields give another picture.
        recipes: the same for configurations that have a value of a field, by both: `("pooling", "average")`. A number
            that rises, here or there, becomes larger than all that there were before.
        fields: the default of each field.
        backbones, optimizers: by name, what the fields that they decide stand for at None.
        losses: by style loss and formulation, what the weights stand for at None.
        packaged: by backbone, the hash of the weights that `packaged` stands for.
    """

    recipe: int
    recipes: dict[tuple[str, Any], int] = field(default_factory=dict)
    fields: Fields
    backbones: dict[str, Fields]
    optimizers: dict[str, Fields]
    losses: dict[tuple[str, str], Fields]
    packaged: dict[str, str]

    def recipe_of(self, config: TransferConfig) -> int:
        """The number of the recipe by which a configuration makes its picture: the largest that concerns it."""
        own = (number for (name, value), number in self.recipes.items() if getattr(config, name) == value)
        return max((self.recipe, *own))

    def own_values(self, config: TransferConfig) -> Fields:
        """What the fields of a configuration stand for at None; those of networks that users register are left out.

        A network, optimizer or loss that came later means what it meant at first.
        """
        first = first_meaning()
        own = {
            **(first.backbones | self.backbones).get(config.backbone, {}),
            **(first.optimizers | self.optimizers).get(config.optimizer, {}),
            **(first.losses | self.losses).get((config.style_loss, config.formulation), {}),
        }
        return own | ({"smoothing": "none"} if config.formulation == "share" else {})

    def stand_ins(self, config: TransferConfig) -> Fields:
        """What each field of a configuration that is None stands for, of those that stand for anything."""
        return {name: value for name, value in self.own_values(config).items() if getattr(config, name) is None}

    def spell_out(self, config: TransferConfig) -> Fields:
        """The fields of a configuration, with what those at None stand for."""
        own = self.own_values(config)
        return {name: own.get(name) if value is None else value for name, value in config.to_dict().items()}

    def departures(self, config: TransferConfig) -> Fields:
        """The defaults of version 0.1.0, and in their place, and besides, all that means something else than at first.

        A field at None has a value only where it stands for another one than in the release that brought it.
        """
        first, own = first_meaning(), self.own_values(config)
        at_first = first.own_values(config)
        moved = {name: value for name, value in own.items() if value != at_first.get(name)}
        values = {name: moved.get(name) if value is None else value for name, value in config.to_dict().items()}
        return RELEASES[0].fields | {name: it for name, it in values.items() if it != first.fields.get(name)}

    def weights_sha256(self, config: TransferConfig, found: str) -> str:
        """The hash of the weights that a configuration names in this release, or `found` where it named none."""
        return self.packaged.get(config.backbone, found) if config.weights == "packaged" else found

    def counterpart(self, config: TransferConfig) -> TransferConfig | None:
        """The configuration with this release's defaults where it has those of today; None if it was not allowed.

        Network and weights stay: each network has a folder of its own in an output.
        """
        chosen = {"backbone", "weights"}
        moved = {
            name: self.fields[name]
            for name, value in config.to_dict().items()
            if name in self.fields.keys() - chosen and value == RELEASES[-1].fields.get(name) != self.fields[name]
        }
        try:
            return config.replace(**moved)
        except ConfigError:
            return None


def first_meaning() -> Release:
    """What each field, network, optimizer and loss meant in the release that brought it."""

    def first(part: Callable[[Release], Mapping[Any, Any]]) -> dict[Any, Any]:
        return dict(ChainMap(*map(dict, map(part, RELEASES))))

    return Release(
        recipe=RELEASES[0].recipe,
        fields=first(lambda release: release.fields),
        backbones=first(lambda release: release.backbones),
        optimizers=first(lambda release: release.optimizers),
        losses=first(lambda release: release.losses),
        packaged=first(lambda release: release.packaged),
    )


def _network(content: Iterable[str], style: Iterable[str], smoothing: str) -> Fields:
    return {"content_layers": [*content], "style_layers": [*style], "smoothing": smoothing}


def _weights(content: float, style: float, tv: float) -> Fields:
    return {"content_weight": content, "style_weight": style, "tv_weight": tv}


_VGG = _network(["block4_conv2"], [f"block{block}_conv1" for block in range(1, 6)], "none")

_OF_0_1_0 = Release(
    recipe=1,
    fields={
        "backbone": "vgg19",
        "weights": "imagenet",
        "content_layers": None,
        "style_layers": None,
        "pooling": "max",
        "smoothing": None,
        "formulation": "mean",
        "style_loss": "gram",
        "content_weight": None,
        "style_weight": None,
        "tv_weight": None,
        "balance": None,
        "blend": None,
        "style_scale": 1.0,
        "content_masks": None,
        "style_masks": None,
        "side": 512,
        "init": "content",
        "levels": "auto",
        "optimizer": "lbfgs",
        "learning_rate": None,
        "schedule": "constant",
        "iterations": 50,
        "tolerance": None,
        "time_limit": None,
        "precision": "auto",
        "jit": "auto",
        "preserve_color": "none",
        "tile": None,
        "record_every": 10,
        "snapshot_every": 0,
        "format": "png",
        "quality": 95,
        "seed": 0,
        "deterministic": False,
    },
    backbones={
        "vgg16": _VGG,
        "vgg19": _VGG,
        "resnet50": _network(
            ["conv3_block4_out"],
            ["conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"],
            "softmax",
        ),
        "mobilenet_v2": _network(
            ["block_5_expand_relu"],
            ["Conv1_relu", *(f"block_{block}_expand_relu" for block in (1, 3, 6, 13))],
            "softmax",
        ),
        "mobilenet_v3": _network(
            ["expanded_conv_5_expand_activation"],
            ["conv_activation", *(f"expanded_conv_{block}_expand_activation" for block in (1, 3, 6, 12))],
            "softmax",
        ),
        "tiny": _network(["block2_conv1"], ["block1_conv1", "block2_conv1", "block3_conv1"], "none"),
    },
    optimizers={
        "lbfgs": {"learning_rate": 1.0},
        "adam": {"learning_rate": 5.0},
        "adamw": {"learning_rate": 5.0},
        "lamb": {"learning_rate": 0.05},
    },
    losses={
        ("gram", "mean"): _weights(1.0, 0.03, 0.01),
        ("gram", "gatys"): _weights(1.0, 5e4, 0.03),
        ("wasserstein", "mean"): _weights(1.0, 0.5, 0.01),
        ("neighbours", "mean"): _weights(1.0, 100.0, 0.01),
    },
    packaged={"vgg16": "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"},  # tuned on edges
)

_WITH_SHARES = replace(
    _OF_0_1_0,
    recipes={("preserve_color", "histogram"): 2, ("preserve_color", "coral"): 2},  # matched at the size of the result
    fields=_OF_0_1_0.fields
    | {"formulation": "share", "strength": 0.5, "method": "optimize", "updates": 8000, "refine": 0},
    losses=_OF_0_1_0.losses
    | {(loss, "share"): _weights(1.0, 15.0, 0.3) for loss in ("gram", "wasserstein", "neighbours")},
)

_NEXT = replace(
    _WITH_SHARES,
    packaged={
        "vgg16": "0dea1f18f1dca596592444d140d9389154c12def088731430952839f786bf577",
        "resnet50": "a99f116c6d64a85f38fb9fbc3c73f29aa74e979742dc2950ac83e3d077f737fa",
        "mobilenet_v2": "aaedc3473d0293098d599c4762d3da945a9ee64d27387eb9a7c547209f512177",
    },
)

RELEASES: tuple[Release, ...] = (_OF_0_1_0, _WITH_SHARES, _NEXT)
"""The releases between which a meaning changed, from version 0.1.0 on; each is made of the one before."""
