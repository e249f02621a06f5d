"""Names of the layers of each network, from the pixels up, as pure data: a test holds them against the networks."""

from collections.abc import Iterator


def vgg_layers(convolutions: tuple[int, ...]) -> Iterator[str]:
    """Layer names of a VGG, from the number of convolutions in each block."""
    for block, count in enumerate(convolutions, start=1):
        yield from (f"block{block}_conv{index}" for index in range(1, count + 1))
        yield f"block{block}_pool"


def resnet_layers(blocks: tuple[int, ...]) -> Iterator[str]:
    """Layer names of a bottleneck ResNet, from the number of blocks in each stage."""
    yield from ("conv1_conv", "conv1_bn", "conv1_relu", "pool1_pool")
    for stage, count in enumerate(blocks, start=2):
        for block in range(1, count + 1):
            stem = f"conv{stage}_block{block}"
            yield from (f"{stem}_{unit}_{kind}" for unit in (1, 2) for kind in ("conv", "bn", "relu"))
            units = (0, 3) if block == 1 else (3,)
            yield from (f"{stem}_{unit}_{kind}" for unit in units for kind in ("conv", "bn"))
            yield from (f"{stem}_add", f"{stem}_out")


def mobilenet_v2_layers(blocks: int) -> Iterator[str]:
    """Layer names of MobileNetV2: a convolution, inverted residual blocks (the first not expanding), a convolution."""
    yield from ("Conv1", "bn_Conv1", "Conv1_relu")
    yield from _inverted_block("expanded_conv", "BN", "relu", ("depthwise",))
    for block in range(1, blocks):
        yield from _inverted_block(f"block_{block}", "BN", "relu", ("expand", "depthwise"))
        if block in _V2_RESIDUAL:
            yield f"block_{block}_add"
    yield from ("Conv_1", "Conv_1_bn", "out_relu")


def mobilenet_v3_layers(blocks: int) -> Iterator[str]:
    """Layer names of MobileNetV3Large, activations as the builder names them, without layers of global pooling."""
    yield from ("conv", "conv_bn", "conv_activation")
    for block in range(blocks):
        stem = f"expanded_conv_{block}" if block else "expanded_conv"
        units = ("expand", "depthwise") if block else ("depthwise",)
        *inner, project, project_bn = _inverted_block(stem, "bn", "activation", units)
        yield from inner
        if block in _V3_EXCITED:
            yield f"{stem}_squeeze_excite_mul"
        yield from (project, project_bn)
        if block in _V3_RESIDUAL:
            yield f"{stem}_add"
    yield from ("conv_1", "conv_1_bn", "conv_1_activation")


_V2_RESIDUAL = (2, 4, 5, 7, 8, 9, 11, 12, 14, 15)
_V3_RESIDUAL = (0, 2, 4, 5, 7, 8, 9, 11, 13, 14)
_V3_EXCITED = (3, 4, 5, 10, 11, 12, 13, 14)


def _inverted_block(stem: str, normalization: str, activation: str, units: tuple[str, ...]) -> Iterator[str]:
    for unit in units:
        yield from (f"{stem}_{unit}", f"{stem}_{unit}_{normalization}", f"{stem}_{unit}_{activation}")
    yield from (f"{stem}_project", f"{stem}_project_{normalization}")
