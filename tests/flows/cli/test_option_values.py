from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from flows.cli.option_values import ConfigurationOptions
from nst_engine.config import TransferConfig
from nst_engine.config.presets import PRESETS, preset_fields
from nst_engine.errors import ConfigError


def read_config(
    preset: str | None, file: Path | None, texts: Sequence[str], backbone: str | None = None
) -> TransferConfig:
    return ConfigurationOptions(preset=preset, file=file, settings=tuple(texts), device=None).config(backbone)


def settings(*texts: str) -> TransferConfig:
    return read_config(None, None, texts)


def toml(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "night.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(file: Path | None, *texts: str, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(None, file, texts, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_given_is_the_default_configuration() -> None:
    assert read_config(None, None, []) == TransferConfig()
    assert read_config(None, None, [], backbone=None) == TransferConfig()


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("side=1024", "side", 1024),
        ("side=none", "side", None),
        ("side=None", "side", None),
        ("levels=auto", "levels", "auto"),
        ("levels=3", "levels", 3),
        ("learning_rate=0.5", "learning_rate", 0.5),
        ("learning_rate=2", "learning_rate", 2.0),
        ("learning_rate=none", "learning_rate", None),
        ("tv_weight=1e-3", "tv_weight", 0.001),
        ("iterations=20", "iterations", 20),
        ("seed=7", "seed", 7),
        ("pooling=average", "pooling", "average"),
        ("init=noise", "init", "noise"),
        ("weights=/some where/a=b.h5", "weights", "/some where/a=b.h5"),
        ("content_layers=none", "content_layers", None),
        ("content_layers=block4_conv2", "content_layers", ("block4_conv2",)),
        ("style_layers=block1_conv1, block2_conv1:0.5", "style_layers", ("block1_conv1", "block2_conv1:0.5")),
        ("  side = 256 ", "side", 256),
    ],
)
def test_a_setting_becomes_the_kind_of_its_field(text: str, name: str, value: object) -> None:
    found = getattr(settings(text), name)
    assert found == value
    assert type(found) is type(value)


def test_every_field_can_be_set_to_what_it_is() -> None:
    def typed(value: object) -> str:
        return ",".join(value) if isinstance(value, tuple) else str(value)

    whole = TransferConfig(backbone="tiny", weights="random", style_layers=("block1_conv1", "block2_conv1:2"))
    texts = [f"{field.name}={typed(getattr(whole, field.name))}" for field in fields(whole)]
    assert settings(*texts) == whole


def test_the_last_of_equal_settings_counts() -> None:
    assert settings("side=64", "side=128").side == 128


def test_options_come_before_settings_and_settings_before_the_file(tmp_path: Path) -> None:
    file = toml(tmp_path, 'backbone = "resnet50"\nside = 64\nseed = 1\n')
    config = read_config(None, file, ["side=128", "backbone=vgg16"], backbone="vgg19")
    assert (config.backbone, config.side, config.seed) == ("vgg19", 128, 1)
    assert read_config(None, file, ["side=128"]).backbone == "resnet50"


def test_a_preset_comes_after_all_else(tmp_path: Path) -> None:
    name = next(iter(PRESETS))
    assert read_config(name, None, []) == TransferConfig(**preset_fields(name))
    file = toml(tmp_path, "iterations = 7\nside = 64\n")
    config = read_config(name, file, ["side=128"])
    assert (config.iterations, config.side, config.backbone) == (7, 128, preset_fields(name)["backbone"])


def test_an_unknown_preset_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=f"'gatsy' is not known; .*{next(iter(PRESETS))}"):
        read_config("gatsy", None, [])


def test_a_file_holds_fields_as_toml_has_them(tmp_path: Path) -> None:
    file = toml(
        tmp_path,
        'backbone = "tiny"\nweights = "random"\nstyle_layers = ["block1_conv1:2", "block3_conv1"]\n'
        "tv_weight = 0.5\nlevels = 1\n# a remark\n",
    )
    assert read_config(None, file, []) == TransferConfig(
        backbone="tiny",
        weights="random",
        style_layers=("block1_conv1:2", "block3_conv1"),
        tv_weight=0.5,
        levels=1,
    )


def test_a_file_may_be_empty(tmp_path: Path) -> None:
    assert read_config(None, toml(tmp_path, ""), []) == TransferConfig()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("side", "setting 'side' is not allowed; use key=value, such as side=1024"),
        ("", "setting '' is not allowed; use key=value"),
        ("sidde=64", "'sidde' is not a configuration field; did you mean side?"),
        ("=64", "'' is not a configuration field; use backbone, "),
        ("side=abc", "side='abc' is not allowed; use a whole number from"),
        ("side=64.5", "side='64.5' is not allowed; use a whole number from"),
        ("side=1", "side=1 is not allowed; use a whole number from 16 to 65536"),
        ("side=", "side='' is not allowed"),
        ("iterations=0", "iterations=0 is not allowed; use a whole number from 1 to 10000000"),
        ("seed=none", "seed='none' is not allowed; use a whole number from 0 to"),
        ("style_weight=-1", "style_weight=-1.0 is not allowed; use a finite number >= 0"),
        ("style_weight=nan", "style_weight=nan is not allowed; use a finite number >= 0"),
        ("learning_rate=fast", "learning_rate='fast' is not allowed; use a finite number > 0"),
        ("levels=many", "levels='many' is not allowed; use a whole number from 1 to 16"),
        ("optimizer=sgd", "optimizer='sgd' is not known; use "),
        ("backbone=vgg99", "backbone='vgg99' is not known; use vgg16, "),
        ("style_layers=block9", "style_layers='block9' is not a layer of vgg19; use block1_conv1, "),
        ("style_layers=block1_conv1:x", "layer 'block1_conv1:x' has the weight 'x'; use a finite number >= 0"),
        ("weights=mine.txt", "weights='mine.txt' is not known; use imagenet, "),
        ("weights=packaged", "weights='packaged' does not exist for vgg19; use imagenet, "),
        ("format=gif", "format='gif' is not known; use png, "),
        ("precision=float16", "precision='float16' is not known; use auto, "),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(text: str, reason: str) -> None:
    assert refusal(None, text, backbone="vgg19" if "backbone" not in text else None).startswith(reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("side = ", "night.toml' cannot be used: Invalid value"),
        ("side = 64\nside = 65", "night.toml' cannot be used: Cannot overwrite a value"),
        ("sidde = 64", "'sidde' is not a configuration field; did you mean side?"),
        ("[style]\nlayers = []", "'style' is not a configuration field"),
        ("side = 64.0", "side=64.0 is not allowed; use a whole number"),
        ('tv_weight = "1"', "tv_weight='1' is not allowed; use a finite number >= 0"),
        ("seed = true", "seed=True is not allowed; use a whole number"),
        ("style_layers = []", "style_layers is empty; name at least one"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_allowed(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refusal(toml(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert refusal(missing) == f"configuration file {str(missing)!r} cannot be used: No such file or directory"
    assert "Is a directory" in refusal(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'weights = "caf\xe9.h5"')
    assert "latin.toml' cannot be used: 'utf-8' codec can't decode" in refusal(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    "text",
    [
        "content_layers = 5",
        "style_layers = [1, 2]",
        "weights = 5",
        "init = 5",
        'backbone = ["tiny"]',
        'optimizer = ["adam"]',
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_words(tmp_path: Path, text: str) -> None:
    assert text.split()[0] in refusal(toml(tmp_path, text))


def test_a_file_can_say_none(tmp_path: Path) -> None:
    assert read_config(None, toml(tmp_path, 'side = "none"'), []).side is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "night.toml"
    file.write_bytes('side = 64\ninit = "ü.png"\n'.encode(encoding))
    assert read_config(None, file, []) == TransferConfig(side=64, init="ü.png")
