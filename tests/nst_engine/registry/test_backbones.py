import re
from functools import lru_cache

import keras
import pytest

from nst_engine import ConfigError, TransferConfig
from nst_engine.backbones.builders import mobilenet_v3
from nst_engine.registry.backbones import BACKBONES, backbone_spec
from tests.nst_engine.engines import keras_network

APPLICATIONS = {
    "vgg16": keras.applications.VGG16,
    "vgg19": keras.applications.VGG19,
    "resnet50": keras.applications.ResNet50,
}


@lru_cache(1)  # they are large
def application(name: str) -> keras.Model:
    return APPLICATIONS[name](include_top=False, weights=None)


@pytest.mark.parametrize("name", APPLICATIONS, scope="module")
def test_layer_names_are_those_of_the_keras_network(name: str) -> None:
    network = application(name)
    unread = (keras.layers.InputLayer, keras.layers.ZeroPadding2D)
    names = [layer.name for layer in network.layers if not isinstance(layer, unread)]
    assert set(backbone_spec(name).layers) == set(names)
    assert len(backbone_spec(name).layers) == len(names)


def test_layer_names_of_mobilenet_v3_are_those_of_keras_but_for_its_numbered_activations() -> None:
    network = keras.applications.MobileNetV3Large(include_top=False, weights=None, include_preprocessing=False)
    unread = (keras.layers.InputLayer, keras.layers.ZeroPadding2D, keras.layers.Activation, keras.layers.ReLU)
    whole_picture = re.compile("squeeze_excite_(avg_pool|conv)")
    names = [layer.name for layer in network.layers if not isinstance(layer, unread)]
    expected = [name for name in names if not whole_picture.search(name)]
    listed = [name for name in backbone_spec("mobilenet_v3").layers if not name.endswith("_activation")]
    assert sorted(listed) == sorted(expected)


def test_the_activations_of_mobilenet_v3_keep_their_names_however_often_it_is_built() -> None:
    first, second = ([layer.name for layer in mobilenet_v3().layers] for _ in range(2))
    for name in backbone_spec("mobilenet_v3").layers:
        assert first.count(name) == second.count(name) == 1
    activation = keras_network("mobilenet_v3").get_layer("expanded_conv_6_expand_activation")
    assert activation.get_config()["activation"] == "hard_silu"  # Keras's other name for hard-swish


@pytest.mark.parametrize("name", BACKBONES, scope="module")
def test_every_listed_layer_is_in_the_network_that_the_builder_builds(name: str) -> None:
    names = {layer.name for layer in keras_network(name).layers}
    assert set(backbone_spec(name).layers) <= names


@pytest.mark.parametrize("name", APPLICATIONS, scope="module")
def test_layers_go_from_the_pixels_up(name: str) -> None:
    inner = [layer.name for layer in application(name).layers]
    listed = backbone_spec(name).layers
    read = [*BACKBONES[name].content_layers, *BACKBONES[name].style_layers]
    by_depth = sorted(dict.fromkeys(read), key=inner.index)
    assert sorted(dict.fromkeys(read), key=listed.index) == by_depth


@pytest.mark.parametrize("name", BACKBONES, scope="module")
def test_the_preset_is_what_a_configuration_without_layers_uses(name: str) -> None:
    spec, config = backbone_spec(name), TransferConfig(backbone=name, weights="random", side=64)
    assert tuple(config.content_layer_weights) == tuple(layer.partition(":")[0] for layer in spec.content_layers)
    assert tuple(config.style_layer_weights) == tuple(layer.partition(":")[0] for layer in spec.style_layers)


@pytest.mark.parametrize("name", BACKBONES, scope="module")
def test_the_stride_is_that_of_the_deepest_preset_layer(name: str) -> None:
    spec, network = backbone_spec(name), keras_network(name)
    outputs = [network.get_layer(layer).output for layer in (*spec.content_layers, *spec.style_layers)]
    deepest = keras.Model(network.inputs, outputs).compute_output_shape((1, 128, 128, 3))
    assert 128 // min(shape[1] for shape in deepest) == spec.stride


@pytest.mark.parametrize("name", BACKBONES, scope="module")
def test_every_backbone_can_have_random_weights(name: str) -> None:
    assert "random" in backbone_spec(name).weights


@pytest.mark.parametrize("name", BACKBONES, scope="module")
def test_is_depthwise_where_convolutions_read_one_channel_each(name: str) -> None:
    layers = keras_network(name).layers
    assert backbone_spec(name).depthwise == any(isinstance(layer, keras.layers.DepthwiseConv2D) for layer in layers)


def test_refuses_an_unknown_backbone_and_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"backbone='alexnet' is not known; use vgg16, vgg19, .* or \w+"):
        backbone_spec("alexnet")
