import pytest

from nst_engine import ConfigError, TransferConfig
from nst_engine.config.presets import PRESETS, RENAMED, preset_fields

VGG_STYLE = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")
RESNET_STYLE = (
    "conv1_relu",
    "conv2_block1_out",
    "conv3_block1_1_conv",
    "conv4_block1_1_conv",
    "conv5_block1_1_relu",
)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_configuration(name: str) -> None:
    assert TransferConfig.from_dict(preset_fields(name)).optimizer == "adam"


def test_the_first_report_is_vgg19_in_mixed_precision_with_mean_losses() -> None:
    config = TransferConfig.from_dict(preset_fields("adam-vgg19"))
    assert (config.backbone, config.precision, config.formulation) == ("vgg19", "mixed_float16", "mean")
    assert (config.side, config.rate, config.levels, config.init) == (224, 5, 1, "content")
    assert config.loss_weights.tv > 0


@pytest.mark.parametrize(
    ("name", "backbone", "content_layer", "style_layers", "rate"),
    [
        ("gatys-vgg16", "vgg16", "block5_conv2", VGG_STYLE, 15),
        ("gatys-resnet50", "resnet50", "conv3_block4_out", RESNET_STYLE, 20),
    ],
)
def test_the_second_report_compares_two_backbones_by_sums(
    name: str, backbone: str, content_layer: str, style_layers: tuple[str, ...], rate: float
) -> None:
    config = TransferConfig.from_dict(preset_fields(name))
    assert (config.backbone, config.formulation, config.rate) == (backbone, "gatys", rate)
    assert config.content_layer_weights == {content_layer: 1}
    assert config.style_layer_weights == dict.fromkeys(style_layers, 0.2)
    assert (config.iterations, config.levels, config.loss_weights.tv) == (1000, 1, 0)


def test_a_preset_can_be_changed_without_changing_it_for_others() -> None:
    fields = preset_fields("adam-vgg19")
    fields["side"] = 64
    assert preset_fields("adam-vgg19")["side"] == 224


def test_refuses_an_unknown_preset_and_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'report3' is not known; use adam-vgg19, gatys-vgg16 or gatys-resnet50"):
        preset_fields("report3")


@pytest.mark.parametrize("old", ["report1", "report2-vgg16", "report2-resnet50"])
def test_an_old_name_gives_the_same_fields(old: str) -> None:
    assert preset_fields(old) == preset_fields(RENAMED[old])
