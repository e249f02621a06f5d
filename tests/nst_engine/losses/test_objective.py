"""The objective on the `tiny` backbone, end to end against the same network and formulas in NumPy."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine import StyleTransfer, TransferConfig
from nst_engine.backbones.calibration_picture import SIDE, natural_pixels
from nst_engine.backbones.network import Network
from nst_engine.backbones.weights import find_weights
from nst_engine.hardware.precision import FLOAT32
from nst_engine.losses.objective import Features, Objective, Region, Targets
from nst_engine.registry.losses import TOTAL
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels
from tests.reference.network import Losses, losses

PICTURE, CONTENT, STYLE = noise_pixels(48, 37), content_pixels(48, 37), style_pixels(33, 40)
CASES = [
    {},
    {"formulation": "gatys", "content_weight": 1e-3, "style_weight": 3.0, "tv_weight": 1e-4},
    {"content_layers": ("block1_conv1:1", "block3_conv1:3"), "style_layers": ("block2_conv1:2", "block1_conv1:6")},
    {"formulation": "share", "style_weight": 30.0, "tv_weight": 0.3},
    {"formulation": "share", "content_layers": ("block1_conv1:1", "block3_conv1:3"), "seed": 7},
    {"pooling": "average"},
    {"seed": 7},
    {"content_weight": 0, "tv_weight": 0},
]


def in_numpy(config: TransferConfig, pixels: npt.NDArray[Any]) -> Losses:
    return losses(
        pixels.astype(np.float64),
        CONTENT.astype(np.float64),
        STYLE.astype(np.float64),
        content_shares=config.content_layer_weights,
        style_shares=config.style_layer_weights,
        weights=config.loss_weights,
        formulation=config.formulation,
        seed=config.seed,
        pooling=config.pooling,
        reference=natural_pixels()[0],
    )


def targets_of(
    objective: Objective, config: TransferConfig, content: Features, style: Features, reference: Features
) -> Targets:
    """Of one style that paints everywhere."""
    kept = objective.style_targets([objective.style_summary(style, {})], [1.0])
    unit = objective.style_units(kept, reference)
    region = Region(share=tf.constant(1.0), style=kept, unit=unit, mask={})
    weights = tf.constant(config.loss_weights, tf.float32)
    targets = objective.content_targets(content)
    units = objective.content_units(targets, reference)
    images = (tf.constant(array[np.newaxis], tf.float32) for array in (CONTENT, STYLE, natural_pixels()[0]))
    variation_unit = objective.variation_unit(*map(objective.variation, images))
    return Targets(content=targets, unit=units, variation_unit=variation_unit, regions=(region,), weights=weights)


def gradient_of_total(config: TransferConfig, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The engine's gradient of the total with respect to pixels, [height, width, 3]."""
    objective = Objective(config)
    network = Network(config, find_weights(config), FLOAT32, objective.layers)
    image, content, style = (tf.constant(array[np.newaxis], tf.float32) for array in (pixels, CONTENT, STYLE))
    reference = tf.constant(natural_pixels())
    targets = targets_of(objective, config, *map(network.features, (content, style, reference)))
    with tf.GradientTape() as tape:
        tape.watch(image)
        statistics = objective.statistics(network.features(image), targets)
        total = objective.terms(image, statistics, targets)[TOTAL]
    return np.asarray(tape.gradient(total, image)[0], np.float64)


@pytest.mark.parametrize("changes", CASES, ids=str)
def test_evaluate_agrees_with_numpy(changes: dict[str, Any]) -> None:
    config = small_config(**changes)
    ours, expected = shared_engine(config).evaluate(PICTURE, CONTENT, STYLE), in_numpy(config, PICTURE)
    assert ours.content == pytest.approx(expected.content, rel=1e-4)
    assert ours.style == pytest.approx(expected.style, rel=1e-4)
    assert ours.tv == pytest.approx(expected.tv, rel=1e-4)
    assert ours.total == pytest.approx(expected.total, rel=1e-4)


@pytest.mark.parametrize("changes", CASES, ids=str)
def test_the_gradient_is_the_slope_of_finite_differences(changes: dict[str, Any]) -> None:
    config = small_config(**changes)
    gradient = gradient_of_total(config, PICTURE)
    rng = np.random.default_rng(0)
    for along in (gradient / np.abs(gradient).max(), rng.standard_normal(PICTURE.shape), rng.random(PICTURE.shape)):
        ahead, behind = (in_numpy(config, PICTURE + step * along).total for step in (1e-4, -1e-4))
        expected, scale = (ahead - behind) / 2e-4, float(np.linalg.norm(gradient) * np.linalg.norm(along))
        assert np.sum(gradient * along) == pytest.approx(expected, rel=1e-3, abs=1e-4 * scale)


def test_the_content_itself_has_no_content_loss() -> None:
    assert shared_engine(small_config()).evaluate(CONTENT, CONTENT, STYLE).content == 0


def test_the_style_itself_has_no_style_loss() -> None:
    engine = shared_engine(small_config(side=40))
    assert engine.evaluate(STYLE, STYLE, STYLE).style == 0


def test_a_term_of_weight_zero_is_reported_and_not_counted() -> None:
    terms = shared_engine(small_config(content_weight=0, style_weight=0)).evaluate(PICTURE, CONTENT, STYLE)
    assert terms.content > 0
    assert terms.style > 0
    assert terms.total == pytest.approx(0.02 * terms.tv, rel=1e-6)


@pytest.mark.parametrize("formulation", ["mean", "share"])
@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_terms_are_float32_and_near_those_of_float32_features(dtype: tf.DType, formulation: str) -> None:
    config = small_config(formulation=formulation)
    objective = Objective(config)
    layers = dict.fromkeys(objective.layers, (1, 12, 9, 16))
    rng = np.random.default_rng(0)
    F, P, S, R = ({name: rng.random(shape, np.float32) for name, shape in layers.items()} for _ in range(4))
    image = tf.constant(PICTURE[np.newaxis], tf.float32)

    def terms(cast_to: tf.DType) -> Any:
        lowered = [{name: tf.cast(value, cast_to) for name, value in features.items()} for features in (F, P, S, R)]
        targets = targets_of(objective, config, *lowered[1:])
        return objective.terms(image, objective.statistics(lowered[0], targets), targets)

    assert terms(dtype).dtype == tf.float32
    np.testing.assert_allclose(terms(dtype), terms(tf.float32), rtol=0.05)


# ---------------------------------------------------------------- shares

STYLE_LOSS_NAMES = ["gram", "wasserstein", "neighbours"]


def share_config(**changes: Any) -> TransferConfig:
    return small_config(formulation="share", **({"style_weight": 30.0, "tv_weight": 0.3} | changes))


@pytest.mark.parametrize("style_loss", STYLE_LOSS_NAMES)
def test_the_reference_picture_is_one_share_from_any_style(style_loss: str) -> None:
    engine = shared_engine(share_config(style_loss=style_loss, side=SIDE))
    reference = natural_pixels()[0].astype(np.float32) / 255
    for style in (STYLE, noise_pixels(33, 40)):
        assert engine.evaluate(reference, reference, style).style == pytest.approx(1, rel=1e-3)


def test_a_picture_without_contrast_is_about_one_share_from_its_content() -> None:
    grey = np.full_like(CONTENT, CONTENT.mean())
    content = shared_engine(share_config()).evaluate(grey, CONTENT, STYLE).content
    assert 0.5 < content < 2


@pytest.mark.parametrize("style_loss", STYLE_LOSS_NAMES)
def test_features_a_thousand_times_as_large_give_the_same_shares(
    style_loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = share_config(style_loss=style_loss)
    plain = shared_engine(config).run(CONTENT, STYLE)
    features = Network.features
    monkeypatch.setattr(Network, "features", lambda *given: {name: 1000 * F for name, F in features(*given).items()})
    scaled = StyleTransfer(config).run(CONTENT, STYLE)
    np.testing.assert_allclose(scaled.image, plain.image, atol=1e-3)
    assert scaled.losses.total == pytest.approx(plain.losses.total, rel=1e-3)


EVEN, NATURAL = np.full((37, 48, 3), 90, np.uint8), natural_pixels()[0].round().astype(np.uint8)
DEGENERATE = {
    "an even style": (CONTENT, EVEN),
    "an even content": (EVEN, STYLE),
    "an even pair": (EVEN, EVEN),
    "the reference as style": (CONTENT, NATURAL),
    "the style as content": (STYLE, STYLE),
    "a row of pixels": (CONTENT[:1].repeat(8, axis=0), STYLE),
}


@pytest.mark.parametrize("style_loss", STYLE_LOSS_NAMES)
@pytest.mark.parametrize("pair", DEGENERATE.values(), ids=DEGENERATE)
def test_where_there_is_little_to_divide_by_the_picture_is_finite_all_the_same(pair: Any, style_loss: str) -> None:
    result = shared_engine(share_config(style_loss=style_loss, side=None)).run(*pair)
    assert np.isfinite(result.image).all()
    assert all(np.isfinite(record.total) for record in result.history)


def test_a_layer_without_features_has_no_loss() -> None:
    objective = Objective(share_config())
    nothing = dict.fromkeys(objective.layers, tf.zeros([1, 6, 8, 4]))
    targets = targets_of(objective, share_config(), nothing, nothing, nothing)
    terms = objective.terms(tf.zeros([1, 4, 4, 3]), objective.statistics(nothing, targets), targets)
    np.testing.assert_array_equal(terms, 0)
