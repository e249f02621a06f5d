import json
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from nst_engine import ConfigError, TransferConfig
from tests.nst_engine.small import small_config

REFUSED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"backbone": "alexnet"}, ("backbone='alexnet'", "vgg16", "tiny")),
    ({"weights": "imagenet"}, ("weights='imagenet'", "tiny", "random")),
    ({"weights": "packaged"}, ("weights='packaged'", "tiny", "random")),
    ({"weights": "best"}, ("weights='best'", "random", ".h5")),
    ({"content_layers": ()}, ("content_layers is empty",)),
    ({"style_layers": ()}, ("style_layers is empty",)),
    ({"content_layers": ("block9_conv1",)}, ("content_layers='block9_conv1'", "tiny", "block2_conv1")),
    ({"style_layers": ("block1_conv1", "relu1_1")}, ("style_layers='relu1_1'", "tiny", "block1_pool")),
    ({"style_layers": ("block1_conv1:heavy",)}, ("'block1_conv1:heavy'", "'heavy'", "number >= 0")),
    ({"style_layers": ("block1_conv1:-1",)}, ("'block1_conv1:-1'", "number >= 0")),
    ({"style_layers": ("block1_conv1:inf",)}, ("'block1_conv1:inf'", "number >= 0")),
    ({"style_layers": ("block1_conv1:",)}, ("'block1_conv1:'", "number >= 0")),
    ({"style_layers": ("block1_conv1:0",)}, ("style_layers", "sum to 0", "above 0")),
    ({"pooling": "mean"}, ("pooling='mean'", "max or average")),
    ({"pooling": []}, ("pooling=[]", "max or average")),
    ({"formulation": "sum"}, ("formulation='sum'", "mean, gatys or share")),
    ({"content_weight": -1}, ("content_weight=-1", ">= 0")),
    ({"style_weight": float("nan")}, ("style_weight=nan", "finite number >= 0")),
    ({"tv_weight": "heavy"}, ("tv_weight='heavy'", ">= 0")),
    ({"tv_weight": True}, ("tv_weight=True", ">= 0")),
    (
        {"content_weight": 0, "style_weight": 0, "tv_weight": 0},
        ("content_weight, style_weight and tv_weight are all 0", "above 0"),
    ),
    ({"side": 3}, ("side=3", "from 4 to")),
    ({"side": 64.0}, ("side=64.0", "whole number")),
    ({"side": True}, ("side=True", "whole number")),
    ({"levels": 0}, ("levels=0", "from 1 to 16")),
    ({"levels": 17}, ("levels=17", "from 1 to 16")),
    ({"levels": "many"}, ("levels='many'", "from 1 to 16")),
    ({"init": "zeros"}, ("init='zeros'", "content, noise, style or the path")),
    ({"optimizer": "sgd"}, ("optimizer='sgd'", "lbfgs", "adam")),
    ({"schedule": "linear"}, ("schedule='linear'", "constant, cosine or exponential")),
    ({"tolerance": 0}, ("tolerance=0", "> 0")),
    ({"time_limit": -1}, ("time_limit=-1", "> 0")),
    ({"tile": 64, "style_loss": "neighbours"}, ("tile=64", "style_loss='neighbours'")),
    ({"smoothing": "sigmoid"}, ("smoothing='sigmoid'", "none or softmax")),
    ({"style_loss": "mmd"}, ("style_loss='mmd'", "gram, wasserstein or neighbours")),
    (
        {"style_loss": "wasserstein", "formulation": "gatys"},
        ("style_loss='wasserstein'", "'gatys'", "'mean' or 'share'"),
    ),
    ({"preserve_color": "hue"}, ("preserve_color='hue'", "none, luminance, histogram or coral")),
    ({"tile": 3}, ("tile=3", "from 4 to")),
    ({"learning_rate": 0}, ("learning_rate=0", "> 0")),
    ({"learning_rate": float("inf")}, ("learning_rate=inf", "> 0")),
    ({"iterations": 0}, ("iterations=0", "from 1 to")),
    ({"iterations": 1.5}, ("iterations=1.5", "whole number")),
    ({"precision": "float16"}, ("precision='float16'", "auto, float32, mixed_bfloat16 or mixed_float16")),
    ({"method": "guess"}, ("method='guess'", "optimize or paint")),
    ({"method": "paint", "side": None}, ("side=None", "method='paint'", "a side in pixels")),
    ({"method": "paint", "init": "noise"}, ("init='noise'", "method='paint'", "init='content'")),
    ({"method": "paint", "balance": 1.0}, ("balance=1.0", "method='paint'", "use none")),
    ({"method": "paint", "preserve_color": "coral"}, ("preserve_color='coral'", "none or luminance")),
    ({"method": "paint", "content_masks": ("a.png",)}, ("content_masks=('a.png',)", "use none")),
    ({"updates": 0}, ("updates=0", "from 1 to")),
    ({"refine": -1}, ("refine=-1", "from 0 to")),
    ({"jit": True}, ("jit=True", "auto, on or off")),
    ({"record_every": -1}, ("record_every=-1", "from 0 to")),
    ({"format": "gif"}, ("format='gif'", "png, jpg, webp or tiff")),
    ({"quality": 0}, ("quality=0", "from 1 to 100")),
    ({"quality": 101}, ("quality=101", "from 1 to 100")),
    ({"seed": -1}, ("seed=-1", "from 0 to 4294967295")),
    ({"seed": 2**32}, ("seed=4294967296", "from 0 to 4294967295")),
    ({"balance": 0}, ("balance=0", "> 0")),
    ({"balance": 2, "style_weight": 0}, ("balance=2", "style_weight above 0")),
    ({"blend": ("swirls.png:0",)}, ("blend='swirls.png:0'", "the weight > 0")),
    ({"blend": (":2",)}, ("blend=':2'", "path:weight")),
    ({"blend": ()}, ("blend is empty",)),
    ({"style_scale": 0}, ("style_scale=0", "> 0")),
    ({"strength": 1.01}, ("strength=1.01", ">= 0 and <= 1")),
    ({"strength": 1, "balance": 2}, ("balance=2", "above 0")),
    ({"style_scale": None}, ("style_scale=None", "> 0")),
    ({"content_masks": ("a.png", "b.png")}, ("content_masks names 2 masks", "use 1")),
    ({"style_masks": ("a.png",), "blend": ("b.png", "c.png")}, ("style_masks names 1 masks", "use 3")),
    ({"snapshot_every": -1}, ("snapshot_every=-1", "from 0 to")),
    ({"deterministic": 1}, ("deterministic=1", "true or false")),
    ({"deterministic": True, "time_limit": 5}, ("time_limit=5", "deterministic", "tolerance")),
]


@pytest.mark.parametrize(("changes", "phrases"), REFUSED, ids=lambda value: str(value) if value else "")
def test_refuses_what_is_not_allowed_and_says_what_is(changes: dict[str, Any], phrases: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        small_config(**changes)
    assert "\n" not in str(caught.value)
    for phrase in phrases:
        assert phrase in str(caught.value)


def test_every_field_is_refused_somewhere_above() -> None:
    assert {name for changes, _ in REFUSED for name in changes} == {field.name for field in fields(TransferConfig)}


@pytest.mark.parametrize(
    "changes",
    [
        {"backbone": ["vgg16"]},
        {"weights": 3},
        {"init": 3},
        {"optimizer": ["adam"]},
        {"content_layers": 5},
        {"style_layers": (5,)},
    ],
    ids=str,
)
def test_refuses_values_of_another_type(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        small_config(**changes)


def test_refuses_a_layer_that_is_named_twice() -> None:
    with pytest.raises(ConfigError, match="block2_conv1"):
        small_config(content_layers=("block2_conv1:1", "block2_conv1:0"))


def test_the_least_side_is_the_stride_of_the_backbone() -> None:
    deep = {"backbone": "vgg16", "content_layers": None, "style_layers": None}
    assert small_config(side=16, **deep).side == 16
    with pytest.raises(ConfigError, match="side=15 is not allowed; use a whole number from 16 to 65536"):
        small_config(side=15, **deep)


@pytest.mark.parametrize("changes", [{"side": None}, {"levels": "auto"}, {"levels": 16}, {"record_every": 0}])
def test_takes_values_at_the_edge(changes: dict[str, Any]) -> None:
    config = small_config(**changes)
    assert {name: getattr(config, name) for name in changes} == changes


@pytest.mark.parametrize("weights", ["vgg.h5", "/models/vgg.weights.h5"])
def test_takes_the_path_of_a_weights_file(weights: str) -> None:
    assert small_config(weights=weights).weights == weights


def test_refuses_an_unknown_field_and_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'style_weigth' is not a configuration field; did you mean style_weight\?"):
        TransferConfig.from_dict({"style_weigth": 2})


def test_refuses_an_unknown_field_and_lists_all_where_none_is_near() -> None:
    with pytest.raises(ConfigError, match=r"'zzz' is not a configuration field; use backbone, .* or deterministic"):
        TransferConfig.from_dict({"zzz": 2})


def test_is_a_value_equal_hashable_and_frozen() -> None:
    config, same = small_config(style_layers=["block1_conv1"]), small_config(style_layers=("block1_conv1",))
    assert config == same
    assert {config: 1}[same] == 1
    assert config != config.replace(seed=1)
    with pytest.raises(FrozenInstanceError):
        config.seed = 1  # type: ignore[misc] # what is tested


def test_comes_back_from_its_dictionary_by_way_of_json() -> None:
    config = small_config(content_layers=("block1_conv1:0.25", "block2_conv1"), side=None, levels="auto")
    assert TransferConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert TransferConfig.from_dict({}) == TransferConfig()


def test_a_changed_copy_is_checked_anew() -> None:
    assert small_config().replace(side=64).side == 64
    with pytest.raises(ConfigError, match="iterations=0"):
        small_config().replace(iterations=0)


def test_the_shares_of_layers_sum_to_one() -> None:
    config = small_config(style_layers=("block1_conv1:1", "block2_conv1:2.5", "block3_conv1:0.5", "block1_pool:0"))
    shares = config.style_layer_weights
    assert shares == {"block1_conv1": 0.25, "block2_conv1": 0.625, "block3_conv1": 0.125, "block1_pool": 0}
    assert small_config(content_layers=("block1_conv1", "block2_conv1")).content_layer_weights == {
        "block1_conv1": 0.5,
        "block2_conv1": 0.5,
    }


@pytest.mark.parametrize("formulation", ["mean", "gatys", "share"])
def test_weights_left_out_are_those_of_the_formulation(formulation: str) -> None:
    default = TransferConfig(formulation=formulation)  # type: ignore[arg-type] # parametrized
    assert all(weight >= 0 for weight in default.loss_weights)
    assert default.replace(style_weight=7).loss_weights == default.loss_weights._replace(style=7)
    weights = small_config(content_weight=3, style_weight=2, tv_weight=0).loss_weights
    assert (weights.content, weights.style, weights.tv) == (3, 2, 0)


def test_the_strength_moves_the_weights_from_the_content_alone_to_the_style_alone() -> None:
    config = small_config(content_weight=3, style_weight=2, tv_weight=1)
    assert config.replace(strength=0.5).loss_weights == config.loss_weights == (3, 2, 1)
    assert config.replace(strength=0).loss_weights.style == 0
    assert config.replace(strength=1).loss_weights.content == 0
    steps = [config.replace(strength=tenths / 10).loss_weights for tenths in range(1, 10)]
    ratios = [weights.style / weights.content for weights in steps]
    assert ratios == sorted(ratios)
    assert ratios[0] * ratios[-1] == pytest.approx((2 / 3) ** 2)
    assert {weights.tv for weights in steps} == {1}


def test_a_style_of_a_blend_may_have_a_weight_and_its_path_colons() -> None:
    config = small_config(blend=("a.png", "C:/b.png:0.5", "c:d.png"))
    assert config.blended == ("a.png", "C:/b.png", "c:d.png")
    assert config.style_weights == pytest.approx((1 / 3.5, 1 / 3.5, 0.5 / 3.5, 1 / 3.5))
    assert small_config().style_weights == (1,)


def test_names_the_files_that_it_needs_each_once() -> None:
    assert small_config().files == ()
    config = small_config(
        init="i.png", blend=("a.png:2",), content_masks=("m.png", "n.png"), style_masks=("m.png", "o.png")
    )
    assert config.files == ("i.png", "a.png", "m.png", "n.png", "o.png")


def test_its_files_can_be_named_otherwise() -> None:
    config = small_config(
        init="i.png", blend=("a.png:2", "b.png"), content_masks=("m.png",) * 3, style_masks=("n.png",) * 3
    )
    moved = config.with_files("/x/".__add__)
    assert moved.files == tuple(f"/x/{path}" for path in config.files)
    assert moved.blend == ("/x/a.png:2", "/x/b.png")
    assert moved.style_weights == config.style_weights
    assert moved.with_files(lambda path: path.removeprefix("/x/")) == config


@pytest.mark.parametrize("init", ["content", "noise", "style"])
def test_a_start_that_is_no_file_stays(init: str) -> None:
    config = small_config(init=init)
    assert config.with_files("/x/".__add__) == config


def test_the_formulations_have_weights_of_their_own() -> None:
    assert TransferConfig(formulation="mean").loss_weights != TransferConfig(formulation="gatys").loss_weights


def test_a_rate_left_out_is_that_of_the_optimizer() -> None:
    lbfgs, adam = (small_config(optimizer=name, learning_rate=None).rate for name in ("lbfgs", "adam"))
    assert lbfgs > 0
    assert adam > 0
    assert small_config(optimizer="adam", learning_rate=2.5).rate == 2.5


def test_a_path_may_begin_with_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    config = small_config(
        weights="~/my.h5",
        init="~/a.png",
        blend=["~/b.png:0.5", "c~.png"],
        content_masks=["~/d.png"] * 3,
        style_masks=None,
    )
    assert (config.weights, config.init) == ("/home/me/my.h5", "/home/me/a.png")
    assert config.blend == ("/home/me/b.png:0.5", "c~.png")
    assert config.files == ("/home/me/a.png", "/home/me/b.png", "c~.png", "/home/me/d.png")
    assert small_config(init="~nobody-of-that-name/a.png").init == "~nobody-of-that-name/a.png"
