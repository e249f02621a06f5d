"""What is known of each backbone without loading TensorFlow: its layers, presets and weights.

A backbone's own layers are those that give the best pictures by a common judge; `nst_engine.presets` has those of
published studies. A test holds the layer names against the Keras networks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nst_engine.errors import ConfigError, listed

WeightsKind = Literal["imagenet", "packaged", "random"]


@dataclass(frozen=True, kw_only=True)
class BackboneSpec:
    """A backbone as data.

    Attributes:
        name: what a configuration calls it.
        builder: `module:function` that builds the Keras network without its top.
        layers: names of the layers a loss can read, from the pixels up.
        content_layers, style_layers: the preset.
        weights: the named sources it has weights from; a file of the user's own always works.
        stride: pixels of the input per cell of the deepest preset layer; the least side that makes sense.
    """

    name: str
    builder: str
    layers: tuple[str, ...]
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    weights: tuple[WeightsKind, ...]
    stride: int


def _vgg_layers(convolutions: tuple[int, ...]) -> Iterator[str]:
    for block, count in enumerate(convolutions, start=1):
        yield from (f"block{block}_conv{index}" for index in range(1, count + 1))
        yield f"block{block}_pool"


def _resnet_layers(blocks: tuple[int, ...]) -> Iterator[str]:
    yield from ("conv1_conv", "conv1_bn", "conv1_relu", "pool1_pool")
    for stage, count in enumerate(blocks, start=2):
        for block in range(1, count + 1):
            stem = f"conv{stage}_block{block}"
            yield from (f"{stem}_{unit}_{kind}" for unit in (1, 2) for kind in ("conv", "bn", "relu"))
            units = (0, 3) if block == 1 else (3,)
            yield from (f"{stem}_{unit}_{kind}" for unit in units for kind in ("conv", "bn"))
            yield from (f"{stem}_add", f"{stem}_out")


_VGG_STYLE = tuple(f"block{block}_conv1" for block in range(1, 6))

_SPECS = (
    BackboneSpec(
        name="vgg16",
        builder="nst_engine.backbones.pretrained:vgg16",
        layers=tuple(_vgg_layers((2, 2, 3, 3, 3))),
        content_layers=("block4_conv2",),
        style_layers=_VGG_STYLE,
        weights=("imagenet", "packaged", "random"),
        stride=16,
    ),
    BackboneSpec(
        name="vgg19",
        builder="nst_engine.backbones.pretrained:vgg19",
        layers=tuple(_vgg_layers((2, 2, 4, 4, 4))),
        content_layers=("block4_conv2",),
        style_layers=_VGG_STYLE,
        weights=("imagenet", "random"),
        stride=16,
    ),
    BackboneSpec(
        name="resnet50",
        builder="nst_engine.backbones.pretrained:resnet50",
        layers=tuple(_resnet_layers((3, 4, 6, 3))),
        content_layers=("conv3_block4_out",),
        style_layers=(
            "conv1_relu",
            "conv2_block1_out",
            "conv3_block1_1_conv",
            "conv4_block1_1_conv",
            "conv5_block1_1_relu",
        ),
        weights=("imagenet", "random"),
        stride=32,
    ),
    BackboneSpec(
        name="tiny",
        builder="nst_engine.backbones.tiny:tiny",
        layers=("block1_conv1", "block1_pool", "block2_conv1", "block2_pool", "block3_conv1"),
        content_layers=("block2_conv1",),
        style_layers=("block1_conv1", "block2_conv1", "block3_conv1"),
        weights=("random",),
        stride=4,
    ),
)

BACKBONES: dict[str, BackboneSpec] = {spec.name: spec for spec in _SPECS}


def backbone_spec(name: str) -> BackboneSpec:
    """The registered backbone of that name.

    Raises:
        ConfigError: there is none; the text lists those that are there.
    """
    if name not in BACKBONES:
        raise ConfigError(f"backbone={name!r} is not known; use {listed(BACKBONES)}")
    return BACKBONES[name]
