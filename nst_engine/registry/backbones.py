"""What is known of each backbone without loading TensorFlow: its layers, presets and weights.

A backbone's own layers are those that give the best pictures by a common judge; `nst_engine.config.presets` has those
of published studies. A test holds the layer names against the Keras networks.
"""

from dataclasses import dataclass
from typing import Literal

from nst_engine.errors import ConfigError, listed
from nst_engine.registry.layer_names import mobilenet_v2_layers, mobilenet_v3_layers, resnet_layers, vgg_layers

WeightsKind = Literal["imagenet", "packaged", "random"]
Preprocessing = Literal["caffe", "tf", "torch", "none"]
Smoothing = Literal["none", "softmax"]


@dataclass(frozen=True, kw_only=True)
class BackboneSpec:
    """A backbone as data.

    Attributes:
        name: what a configuration calls it.
        builder: `module:function` that builds the Keras network without its top.
        layers: names of the layers a loss can read, from the pixels up.
        content_layers, style_layers: the preset.
        preprocessing: the form of pixels in its training: `caffe` (blue, green, red less their means), `tf` (-1 to 1),
            `torch` (standardized by ImageNet's means and deviations) or `none` (0 to 255; the network rescales them).
        smoothing: smoothing of features before any loss: `none`, or `softmax` where there are residual connections.
        weights: the named sources it has weights from; a file of the user's own always works.
        reach: pixels beyond a place that can change its features, at the deepest layer; None where it is the whole
            picture, or not known, so that pictures cannot be taken tile by tile.
        stride: pixels of the input per cell of the deepest preset layer; the least side that makes sense.
        depthwise: whether it has convolutions of one channel each, whose time is that of memory more than of products.
        judge_rank: its place among the networks that may judge pictures, from 1, the preferred; 0 where it is none.
    """

    name: str
    builder: str
    layers: tuple[str, ...]
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    preprocessing: Preprocessing
    smoothing: Smoothing
    weights: tuple[WeightsKind, ...]
    stride: int
    reach: int | None = None
    depthwise: bool = False
    judge_rank: int = 0


_VGG_STYLE = tuple(f"block{block}_conv1" for block in range(1, 6))

_SPECS = (
    BackboneSpec(
        name="vgg16",
        builder="nst_engine.backbones.builders:vgg16",
        layers=tuple(vgg_layers((2, 2, 3, 3, 3))),
        content_layers=("block4_conv2",),
        style_layers=_VGG_STYLE,
        preprocessing="caffe",
        smoothing="none",
        weights=("imagenet", "packaged", "random"),
        reach=98,
        stride=16,
        judge_rank=2,
    ),
    BackboneSpec(
        name="vgg19",
        builder="nst_engine.backbones.builders:vgg19",
        layers=tuple(vgg_layers((2, 2, 4, 4, 4))),
        content_layers=("block4_conv2",),
        style_layers=_VGG_STYLE,
        preprocessing="caffe",
        smoothing="none",
        weights=("imagenet", "random"),
        reach=130,
        stride=16,
        judge_rank=1,
    ),
    BackboneSpec(
        name="resnet50",
        builder="nst_engine.backbones.builders:resnet50",
        layers=tuple(resnet_layers((3, 4, 6, 3))),
        content_layers=("conv3_block4_out",),
        style_layers=(
            "conv1_relu",
            "conv2_block3_out",
            "conv3_block4_out",
            "conv4_block6_out",
            "conv5_block3_out",
        ),
        preprocessing="caffe",
        smoothing="softmax",
        weights=("imagenet", "packaged", "random"),
        reach=243,
        stride=32,
        judge_rank=3,
    ),
    BackboneSpec(
        name="mobilenet_v2",
        builder="nst_engine.backbones.builders:mobilenet_v2",
        layers=tuple(mobilenet_v2_layers(17)),
        content_layers=("block_5_expand_relu",),
        style_layers=(
            "Conv1_relu",
            "block_1_expand_relu",
            "block_3_expand_relu",
            "block_6_expand_relu",
            "block_13_expand_relu",
        ),
        preprocessing="tf",
        smoothing="softmax",
        weights=("imagenet", "packaged", "random"),
        reach=246,
        stride=16,
        depthwise=True,
        judge_rank=4,
    ),
    BackboneSpec(
        name="mobilenet_v3",
        builder="nst_engine.backbones.builders:mobilenet_v3",
        layers=tuple(mobilenet_v3_layers(15)),
        content_layers=("expanded_conv_5_expand_activation",),
        style_layers=(
            "conv_activation",
            "expanded_conv_1_expand_activation",
            "expanded_conv_3_expand_activation",
            "expanded_conv_6_expand_activation",
            "expanded_conv_12_expand_activation",
        ),
        preprocessing="tf",
        smoothing="softmax",
        weights=("imagenet", "random"),
        stride=16,
        depthwise=True,
        judge_rank=5,
    ),
    BackboneSpec(
        name="tiny",
        builder="nst_engine.backbones.builders:tiny",
        layers=("block1_conv1", "block1_pool", "block2_conv1", "block2_pool", "block3_conv1"),
        content_layers=("block2_conv1",),
        style_layers=("block1_conv1", "block2_conv1", "block3_conv1"),
        preprocessing="caffe",
        smoothing="none",
        weights=("random",),
        reach=9,
        stride=4,
    ),
)

BACKBONES: dict[str, BackboneSpec] = {spec.name: spec for spec in _SPECS}


def backbone_spec(name: str) -> BackboneSpec:
    """The registered backbone of that name.

    Raises:
        ConfigError: there is no such backbone; the text lists the backbones.
    """
    if name not in BACKBONES:
        raise ConfigError(f"backbone={name!r} is not known; use {listed(BACKBONES)}")
    return BACKBONES[name]


def register_backbone(spec: BackboneSpec) -> None:
    """Make a network of your own known by its name, in this process.

    Its Keras network takes pictures of any size, has one input, and its builder can be imported by its name.

        # mine.py, beside your script
        from keras.models import load_model
        def build():
            return load_model("mine.keras")

        # your script
        from nst_engine import StyleTransfer, TransferConfig
        from nst_engine.backbones import BackboneSpec, register_backbone
        register_backbone(BackboneSpec(
            name="mine", builder="mine:build", layers=("edges", "shapes"), content_layers=("shapes",),
            style_layers=("edges", "shapes"), preprocessing="tf", smoothing="softmax", weights=("random",), stride=2,
        ))
        engine = StyleTransfer(TransferConfig(backbone="mine", weights="mine.weights.h5"))

    Raises:
        ConfigError: the name is taken, the builder is not `module:function`, a preset names a layer not in `layers`, or
            `weights` names a source that has none for it.
    """
    if spec.name in BACKBONES:
        raise ConfigError(f"backbone {spec.name!r} is registered already; use a name other than {listed(BACKBONES)}")
    if len(spec.builder.split(":")) != 2:
        raise ConfigError(f"builder={spec.builder!r} of backbone {spec.name!r} is not known; use 'module:function'")
    if spec.weights != ("random",):
        raise ConfigError(
            f"weights={spec.weights!r} of backbone {spec.name!r} do not exist; use ('random',): files always work"
        )
    for layer in (*spec.content_layers, *spec.style_layers):
        name = layer.partition(":")[0]
        if name not in spec.layers:
            raise ConfigError(f"preset layer {name!r} is not in layers of {spec.name!r}; use {listed(spec.layers)}")
    BACKBONES[spec.name] = spec
