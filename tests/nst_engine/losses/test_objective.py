"""The objective on the `tiny` backbone, end to end against the same network and formulas in NumPy."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine import TransferConfig
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
    )


def targets_of(objective: Objective, config: TransferConfig, content: Features, style: Features) -> Targets:
    """Of one style that paints everywhere."""
    kept = objective.style_targets([objective.style_summary(style, {})], [1.0])
    region = Region(share=tf.constant(1.0), style=kept, mask={})
    weights = tf.constant(config.loss_weights, tf.float32)
    return Targets(content=objective.content_targets(content), regions=(region,), weights=weights)


def gradient_of_total(config: TransferConfig, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The engine's gradient of the total with respect to pixels, [height, width, 3]."""
    objective = Objective(config)
    network = Network(config, find_weights(config), FLOAT32, objective.layers)
    image, content, style = (tf.constant(array[np.newaxis], tf.float32) for array in (pixels, CONTENT, STYLE))
    targets = targets_of(objective, config, network.features(content), network.features(style))
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


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_terms_are_float32_and_near_those_of_float32_features(dtype: tf.DType) -> None:
    config = small_config()
    objective = Objective(config)
    layers = dict.fromkeys(objective.layers, (1, 12, 9, 16))
    rng = np.random.default_rng(0)
    F, P, S = ({name: rng.random(shape, np.float32) for name, shape in layers.items()} for _ in range(3))
    image = tf.constant(PICTURE[np.newaxis], tf.float32)

    def terms(cast_to: tf.DType) -> Any:
        lowered = [{name: tf.cast(value, cast_to) for name, value in features.items()} for features in (F, P, S)]
        targets = targets_of(objective, config, *lowered[1:])
        return objective.terms(image, objective.statistics(lowered[0], targets), targets)

    assert terms(dtype).dtype == tf.float32
    np.testing.assert_allclose(terms(dtype), terms(tf.float32), rtol=0.05)
