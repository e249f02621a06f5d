"""Named configurations: the recipes of two published studies, to be run again or varied."""

from typing import Any

from nst_engine.errors import ConfigError, listed

_STUDIED: dict[str, Any] = {"optimizer": "adam", "levels": 1, "iterations": 1000, "tv_weight": 0.0}
_VGG_STYLE = tuple(f"block{block}_conv1" for block in range(1, 6))

PRESETS: dict[str, dict[str, Any]] = {
    "adam-vgg19": _STUDIED
    | {
        "backbone": "vgg19",
        "formulation": "mean",
        "content_layers": ("block5_conv2",),
        "style_layers": _VGG_STYLE,
        "learning_rate": 5.0,
        "tv_weight": None,
        "side": 224,
        "precision": "mixed_float16",
    },
    "gatys-vgg16": _STUDIED
    | {
        "backbone": "vgg16",
        "formulation": "gatys",
        "content_layers": ("block5_conv2",),
        "style_layers": _VGG_STYLE,
        "learning_rate": 15.0,
        "side": 224,
    },
    "gatys-resnet50": _STUDIED
    | {
        "backbone": "resnet50",
        "smoothing": "none",
        "formulation": "gatys",
        "content_layers": ("conv3_block4_out",),
        "style_layers": (
            "conv1_relu",
            "conv2_block1_out",
            "conv3_block1_1_conv",
            "conv4_block1_1_conv",
            "conv5_block1_1_relu",
        ),
        "learning_rate": 20.0,
        "side": 224,
    },
}
"""Fields, by preset. `adam-vgg19` is VGG19 with mixed precision and mean losses; its study fixed the height at 224
pixels, here the long side is fixed. `gatys-vgg16` and `gatys-resnet50` take the sums of Gatys et al.; their study, of
these two, does not give its size, so they use the same 224 pixels."""

RENAMED = {
    "report1": "adam-vgg19",
    "report2": "gatys-vgg16-resnet50",
    "report2-vgg16": "gatys-vgg16",
    "report2-resnet50": "gatys-resnet50",
}
"""New names of presets and of published comparisons, by their old names, which still work."""


def preset_fields(name: str) -> dict[str, Any]:
    """The fields that the preset of that name, or old name, sets.

    Raises:
        ConfigError: there is no such preset; the text lists the presets.
    """
    name = RENAMED.get(name, name)
    if name not in PRESETS:
        raise ConfigError(f"preset {name!r} is not known; use {listed(PRESETS)}")
    return dict(PRESETS[name])
