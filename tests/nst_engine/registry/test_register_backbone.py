import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import keras
import numpy as np
import pytest

from nst_engine import ConfigError, StyleTransfer, TransferConfig
from nst_engine.backbones import BackboneSpec, register_backbone
from nst_engine.registry.backbones import BACKBONES
from tests.nst_engine.small import content_pixels, style_pixels

pytestmark = [
    # Keras 3.15 saves with an array protocol that NumPy 2.4 deprecates
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _registry_as_it_was() -> Iterator[None]:
    before = dict(BACKBONES)
    yield
    BACKBONES.clear()
    BACKBONES.update(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("mine", None)


def network(shape: tuple[int | None, ...] = (None, None, 3)) -> keras.Model:
    """A network of the user's own, with rescaling, two named layers and a depthwise convolution."""
    inputs = keras.Input(shape)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="edges")(inputs)
    x = keras.layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
    x = keras.layers.Conv2D(16, 1, activation="relu", name="shapes")(x)
    return keras.Model(inputs, x)


def spec(**changes: Any) -> BackboneSpec:
    fields: dict[str, Any] = {
        "name": "mine",
        "builder": f"{__name__}:network",
        "layers": ("edges", "shapes"),
        "content_layers": ("shapes",),
        "style_layers": ("edges", "shapes:2"),
        "preprocessing": "tf",
        "smoothing": "none",
        "weights": ("random",),
        "stride": 2,
    }
    return BackboneSpec(**(fields | changes))


def refusal(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        register_backbone(spec(**changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refusal_to_build(folder: Path, body: str, **changes: Any) -> str:
    """The text with which an engine refuses what the builder builds."""
    (folder / "mine.py").write_text(f"import keras\nfrom keras import layers\ndef build():\n{body}\n")
    register_backbone(spec(builder="mine:build", **changes))
    with pytest.raises(ConfigError) as caught:
        StyleTransfer(TransferConfig(backbone="mine", weights="random", side=32))
    return str(caught.value)


def test_the_lines_of_the_docstring_stylize_with_a_saved_network(folder: Path) -> None:
    saved = network()
    saved.save(folder / "mine.keras")
    saved.save_weights(folder / "mine.weights.h5")
    lines = [line for line in inspect.getdoc(register_backbone).splitlines() if line.startswith("    ")]
    example = dedent("\n".join(lines[: lines.index(next(line for line in lines if "ConfigError" in line))]))
    module, script = example.split("# your script")
    (folder / "mine.py").write_text(module)
    names: dict[str, Any] = {}
    exec(script, names)  # noqa: S102 - our own docstring
    config = names["engine"].config.replace(side=32, levels=1, iterations=5, precision="float32")
    result = StyleTransfer(config).run(content_pixels(), style_pixels())
    assert result.size == (32, 24)
    assert result.losses.total < result.history[0].total
    np.testing.assert_array_equal(BACKBONES["mine"].layers, ("edges", "shapes"))
    assert len([line for line in example.splitlines() if line and not line.lstrip().startswith(("#", ")"))]) <= 10


def test_a_registered_backbone_is_a_backbone_like_the_others() -> None:
    register_backbone(spec())
    config = TransferConfig(backbone="mine", weights="random")
    assert config.style_layer_weights == {"edges": 1 / 3, "shapes": 2 / 3}


def test_refuses_a_name_twice() -> None:
    register_backbone(spec())
    assert "backbone 'mine' is registered already; use a name other than vgg16, " in refusal()
    assert "backbone 'vgg16' is registered already" in refusal(name="vgg16")


@pytest.mark.parametrize("builder", ["mine", "mine:build:twice"])
def test_refuses_a_builder_that_is_no_module_and_function(builder: str) -> None:
    assert f"builder={builder!r} of backbone 'mine' is not known; use 'module:function'" in refusal(builder=builder)


@pytest.mark.parametrize("preset", ["content_layers", "style_layers"])
def test_refuses_a_preset_of_layers_that_are_not_listed(preset: str) -> None:
    text = refusal(**{preset: ("shapes:0.5", "colours")})
    assert "preset layer 'colours' is not in layers of 'mine'; use edges or shapes" in text


def test_refuses_weights_that_exist_for_the_networks_of_keras_only() -> None:
    assert "weights=('imagenet',) of backbone 'mine' do not exist" in refusal(weights=("imagenet",))


def test_refuses_at_build_time_a_network_without_a_listed_layer(folder: Path) -> None:
    body = "    x = keras.Input((None, None, 3))\n    return keras.Model(x, layers.Conv2D(4, 3, name='edges')(x))"
    text = refusal_to_build(folder, body)
    assert "the network of 'mine' has no layer 'shapes'; use " in text
    assert "edges" in text


def test_refuses_at_build_time_a_network_of_one_size(folder: Path) -> None:
    body = "    x = keras.Input((64, 64, 3))\n    return keras.Model(x, layers.Conv2D(4, 3, name='edges')(x))"
    changes = {"layers": ("edges",), "content_layers": ("edges",), "style_layers": ("edges",)}
    text = refusal_to_build(folder, body, **changes)
    assert "the network of 'mine' takes (64, 64, 3); use one with the input shape (None, None, 3)" in text
