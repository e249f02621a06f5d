"""Choose the network that scores pictures, and define its scores. Loads no TensorFlow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nst_engine.backbones.weights import imagenet_path, packaged_path
from nst_engine.config import TransferConfig
from nst_engine.registry.backbones import BACKBONES


@dataclass(frozen=True, kw_only=True)
class Referee:
    """A network that compares pictures, by its preset layers and smoothing. Immutable, checked when it is made.

    Attributes:
        backbone: name of the backbone.
        weights: source of its weights: `imagenet`, `packaged`, `random` (with the seed 0) or the path of a file.

    Raises:
        ConfigError: the backbone does not exist, or does not have these weights.
    """

    backbone: str
    weights: str

    def __post_init__(self) -> None:
        config = TransferConfig(backbone=self.backbone, weights=self.weights)  # refuses unknown names
        object.__setattr__(self, "weights", config.weights)

    @property
    def name(self) -> str:
        """Its name in tables: `vgg16 packaged`."""
        return f"{self.backbone} {self.weights}"

    @property
    def is_trained(self) -> bool:
        """True if its weights were learned. Scores by random weights mean little: see `Judge`."""
        return self.weights != "random"

    @property
    def config(self) -> TransferConfig:
        """The configuration of its comparisons: Gram losses in shares, in float32, at the picture's own size."""
        return TransferConfig(
            backbone=self.backbone,
            weights=self.weights,
            formulation="share",
            style_loss="gram",
            side=None,
            levels=1,
            precision="float32",
        )

    def took_part(self, configs: Iterable[TransferConfig]) -> bool:
        """True if one of the configurations optimizes on this very network: its backbone with its weights.

        Random weights of another seed are another network.
        """
        return any(
            (config.backbone, config.weights) == (self.backbone, self.weights)
            and (self.is_trained or config.seed == self.config.seed)
            for config in configs
        )


@dataclass(frozen=True, kw_only=True)
class Distances:
    """The distances of a picture from its content and its style, under one referee; lower is nearer.

    All are shares, without unit, so that those of two referees can be compared.

    Attributes:
        content: distance from the content: 0 for the content itself, 1 for a blank picture, at most 2.
        style: distance from the style: 0 for the style itself, 1 as far from it as a picture that has nothing of it.
        score: both, `content + 15 * style`, where 15 is the default style weight of losses in shares.
    """

    content: float
    style: float
    score: float


CANDIDATES = tuple(
    Referee(backbone=spec.name, weights=kind)
    for spec in sorted(BACKBONES.values(), key=lambda spec: spec.judge_rank)
    for kind in spec.weights
    if spec.judge_rank and kind != "random"
)
"""Trained networks that may judge, in the order that `choose_referee` explains."""

LAST_RESORT = Referee(backbone="vgg19", weights="random")
"""The referee if no trained weights are available."""


def is_available(referee: Referee) -> bool:
    """True if the weights are on this machine; downloads nothing, opens no file."""
    match referee.weights:
        case "random":
            return True
        case "packaged":
            return packaged_path(referee.backbone).is_file()
        case "imagenet":
            return imagenet_path(referee.backbone).is_file()
        case path:
            return Path(path).is_file()


def choose_referee(configs: Iterable[TransferConfig], available: Callable[[Referee], bool] = is_available) -> Referee:
    """Choose the network that scores pictures made by these configurations.

    A picture that was optimized on a network pleases that network. So a trained network whose backbone no configuration
    uses comes first, then one whose backbone is used with other weights only, then one that is used itself; weights
    files that the configurations name are candidates too. Without any of them, it is VGG19 with random weights.

    Among equals the order is that of `CANDIDATES`. VGG19 is the network on which Gatys et al. (2016) showed that Gram
    matrices tell styles apart; VGG16 is the nearest to it, with Keras's weights before the packaged ones. The
    residual networks follow, the largest and least abridged first; their peaky features need smoothing to tell styles
    apart (Wang et al., 2021, "Rethinking and Improving the Robustness of Image Style Transfer").

    Args:
        configs: the configurations that made the pictures.
        available: True for referees whose weights are available.
    """
    configs = tuple(configs)
    own = [Referee(backbone=config.backbone, weights=config.weights) for config in configs]
    able = [referee for referee in (*CANDIDATES, *own) if referee.is_trained and available(referee)]
    return min(able, key=lambda referee: _kinship(referee, configs), default=LAST_RESORT)


def _kinship(referee: Referee, configs: tuple[TransferConfig, ...]) -> int:
    """0 if no configuration uses the referee's backbone, 1 if with other weights only, 2 if one uses the network."""
    return any(config.backbone == referee.backbone for config in configs) + referee.took_part(configs)
