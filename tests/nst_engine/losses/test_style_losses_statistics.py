"""Style losses read means over places, so that tiles add up and regions are comparable."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nst_engine.losses.centred_gram import centred_gram_matrix
from nst_engine.losses.gram import gatys_style_loss, gram_matrix, style_loss
from nst_engine.losses.neighbours import neighbour_loss, neighbour_targets
from nst_engine.losses.style_losses import StyleLoss, load_style_loss
from nst_engine.losses.wasserstein import gaussian_target, moments, style_moments, wasserstein_loss
from nst_engine.registry.losses import STYLE_LOSSES
from tests.nst_engine.losses.arrays import features, gradient, mask, relative_error

F, STYLE, W = features(), features(6, 8, seed=1), mask()
LOSSES = {
    (name, formulation): load_style_loss(name, formulation)
    for name, spec in STYLE_LOSSES.items()
    for formulation in spec.formulations
}
TILEABLE = {key: loss for key, loss in LOSSES.items() if STYLE_LOSSES[key[0]].tileable}
EVERY = pytest.mark.parametrize("loss", LOSSES.values(), ids=map("-".join, LOSSES))
OF_TILES = pytest.mark.parametrize("loss", TILEABLE.values(), ids=map("-".join, TILEABLE))


def value(loss: StyleLoss, F: Any, S: Any, w: Any = None, style_w: Any = None) -> Any:
    """The loss of features against a style's features, by the style's target; its parts, if it has some."""
    target = loss.target(loss.summary(tf.convert_to_tensor(S), style_w))
    return loss.loss(loss.statistics(tf.convert_to_tensor(F), w, target), target)


def weighted_sum(parts: list[Any], shares: list[float]) -> Any:
    def total(*each: Any) -> Any:
        return tf.add_n([share * part for share, part in zip(shares, each, strict=True)])

    return tf.nest.map_structure(total, *parts)


@pytest.mark.parametrize("w", [None, W], ids=["no mask", "mask"])
def test_each_is_the_formula_of_its_name(w: Any) -> None:
    ones = tf.ones_like(F[..., :1]) if w is None else w
    kept = gaussian_target(style_moments(tf.constant(STYLE), None))
    A = gram_matrix(tf.constant(STYLE))
    expected = {
        ("gram", "mean"): style_loss(gram_matrix(tf.constant(F), w), A),
        ("gram", "gatys"): gatys_style_loss(gram_matrix(tf.constant(F), w), A),
        ("wasserstein", "mean"): wasserstein_loss(moments(tf.constant(F), w, kept.mean), kept),
        ("neighbours", "mean"): neighbour_loss(F, ones, neighbour_targets(tf.constant(STYLE))),
    }
    expected |= {(name, "share"): loss for (name, formulation), loss in expected.items() if formulation == "mean"}
    expected["gram", "share"] = tf.stack(
        [
            style_loss(centred_gram_matrix(tf.constant(F), kept.mean, w), kept.covariance),
            tf.reduce_mean(tf.square(tf.reduce_mean(ones * (F - kept.mean), axis=[0, 1, 2]))),
        ]
    )
    assert expected.keys() == LOSSES.keys()
    for key, loss in LOSSES.items():
        assert value(loss, F, STYLE, w).numpy() == pytest.approx(expected[key].numpy(), rel=1e-4)


@EVERY
def test_a_region_is_compared_with_a_region_and_nothing_else(loss: StyleLoss) -> None:
    w, style_w = np.zeros((1, 5, 7, 1), np.float32), np.zeros((1, 6, 8, 1), np.float32)
    w[:, :, :2], style_w[:, :3] = 3.5, 2
    expected = value(loss, F[:, :, :2], STYLE[:, :3]).numpy()
    assert value(loss, F, STYLE, w, style_w).numpy() == pytest.approx(expected, rel=2e-3)
    assert value(loss, F, STYLE).numpy() != pytest.approx(expected, rel=0.01)


@EVERY
def test_nothing_outside_of_a_region_has_a_gradient(loss: StyleLoss) -> None:
    slopes = gradient(lambda x: value(loss, x, STYLE, W), tf.constant(F)).numpy()
    assert np.abs(slopes).max() > 0
    assert not np.any(slopes[W[..., 0] == 0])


@OF_TILES
@pytest.mark.parametrize("w", [None, W], ids=["no mask", "mask"])
def test_the_statistics_of_tiles_add_up_by_their_shares_of_the_places(loss: StyleLoss, w: Any) -> None:
    target = loss.target(loss.summary(tf.constant(STYLE), None))
    tiles = [slice(0, 3), slice(3, 7)]
    parts = [loss.statistics(F[:, :, tile], None if w is None else w[:, :, tile], target) for tile in tiles]
    whole = loss.statistics(tf.constant(F), w, target)
    for ours, theirs in zip(*map(tf.nest.flatten, (weighted_sum(parts, [3 / 7, 4 / 7]), whole)), strict=True):
        assert relative_error(ours, theirs) < 1e-5


@OF_TILES
def test_a_style_read_in_tiles_is_kept_as_the_whole_one_is(loss: StyleLoss) -> None:
    parts = [loss.summary(STYLE[:, rows], None) for rows in (slice(0, 2), slice(2, 6))]
    tiled, whole = (loss.target(each) for each in (weighted_sum(parts, [1 / 3, 2 / 3]), loss.summary(STYLE, None)))
    assert np.all(value(loss, F, STYLE).numpy() > 0)
    for kept in (tiled, whole):
        assert loss.loss(loss.statistics(STYLE, None, kept), kept).numpy() == pytest.approx(0, abs=1e-4)


@OF_TILES
def test_pooled_styles_are_one_of_the_places_of_all(loss: StyleLoss) -> None:
    parts = [loss.summary(part, None) for part in (STYLE[:, :, :2], STYLE[:, :, 2:])]
    pooled, together = loss.target(loss.pooled(parts, [1 / 4, 3 / 4])), loss.target(loss.summary(STYLE, None))
    ours, expected = (loss.loss(loss.statistics(F, None, kept), kept).numpy() for kept in (pooled, together))
    assert ours == pytest.approx(expected, rel=1e-4)


@EVERY
def test_a_style_pooled_with_itself_or_with_nothing_is_itself(loss: StyleLoss) -> None:
    summary = loss.summary(tf.constant(STYLE), None)
    for weights in ([1.0], [0.3, 0.7]):
        target = loss.target(loss.pooled([summary] * len(weights), weights))
        ours = loss.loss(loss.statistics(F, None, target), target).numpy()
        assert ours == pytest.approx(value(loss, F, STYLE).numpy(), rel=1e-4)


@EVERY
def test_the_statistics_of_no_place_change_no_sum(loss: StyleLoss) -> None:
    target = loss.target(loss.summary(tf.constant(STYLE), None))
    read = loss.statistics(tf.constant(F), None, target)
    for empty, full in zip(*map(tf.nest.flatten, (loss.empty(target), read)), strict=True):
        assert (empty.shape, empty.dtype) == (full.shape, full.dtype)
        assert not np.any(empty)
