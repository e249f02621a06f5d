"""Loss and gradient tile by tile are those of the whole picture, to rounding."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from nst_engine import Pair, StyleTransfer
from nst_engine.evaluation.tiled import Span, spans
from nst_engine.hardware.graphs import graph_of
from nst_engine.losses.objective import Targets
from nst_engine.registry.backbones import BACKBONES
from nst_engine.types import Tensor
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

WIDTH, HEIGHT = 101, 77


def engine_and_targets(width: int, height: int, tile: int | None, **changes: Any) -> tuple[StyleTransfer, Targets]:
    config = small_config(side=None, **changes)
    engine = shared_engine(config) if config.backbone == "tiny" else StyleTransfer(config)  # kept, it would fill memory
    run = engine._pair_run(Pair(content_pixels(width, height), style_pixels(70, 50)))
    return engine, engine._shared.targets(run, (width, height), tile)


def whole_and_tiled(tile: int, width: int = WIDTH, height: int = HEIGHT, **changes: Any) -> list[tuple[Tensor, Tensor]]:
    """Loss terms and gradient of one picture, taken whole and tile by tile."""
    engine, targets = engine_and_targets(width, height, None, **changes)
    pixels = tf.constant(noise_pixels(width, height)[np.newaxis], tf.float32)

    readers = [engine._shared.reader((width, height), side) for side in (None, tile)]
    return [graph_of(reader.evaluate)(pixels, (targets,), (tf.constant(1.0),)) for reader in readers]


@pytest.mark.parametrize(
    ("tile", "changes"),
    [
        (32, {}),
        (4, {}),
        (45, {"formulation": "gatys"}),
        (32, {"pooling": "average"}),
        (32, {"style_loss": "wasserstein"}),
        (32, {"smoothing": "softmax"}),
        (32, {"formulation": "share"}),
        (45, {"formulation": "share", "style_loss": "wasserstein"}),
        (64, {"content_layers": ("block1_conv1", "block3_conv1:2"), "style_layers": ("block3_conv1",)}),
    ],
    ids=str,
)
def test_terms_and_gradient_are_those_of_the_whole_picture(tile: int, changes: dict[str, Any]) -> None:
    (terms, gradient), (tiled_terms, tiled_gradient) = whole_and_tiled(tile, **changes)
    np.testing.assert_allclose(tiled_terms, terms, rtol=1e-4)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-4 * np.linalg.norm(gradient)


@pytest.mark.parametrize(("style_loss", "tile"), [("gram", None), ("wasserstein", 32)])
def test_the_terms_are_the_same_without_the_gradient(style_loss: str, tile: int | None) -> None:
    engine, targets = engine_and_targets(WIDTH, HEIGHT, None, style_loss=style_loss)
    reader = engine._shared.reader((WIDTH, HEIGHT), tile)
    pixels = tf.constant(noise_pixels(WIDTH, HEIGHT)[np.newaxis], tf.float32)
    terms, _ = graph_of(reader.evaluate)(pixels, (targets,), (tf.constant(1.0),))
    np.testing.assert_allclose(reader.terms(pixels, targets), terms[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "content", "style", "size"),
    [
        ("vgg16", None, None, (208, 48)),
        ("resnet50", ("conv2_block3_out",), ("conv1_relu", "conv3_block1_out"), (48, 208)),  # all take long to trace
        ("mobilenet_v2", ("block_5_expand_relu",), ("Conv1_relu", "block_6_expand_relu"), (208, 48)),
    ],
)
def test_they_are_so_on_deep_networks_too(
    backbone: str, content: tuple[str, ...] | None, style: tuple[str, ...] | None, size: tuple[int, int]
) -> None:
    layers = {"content_layers": content, "style_layers": style}
    (terms, gradient), (tiled_terms, tiled_gradient) = whole_and_tiled(96, *size, backbone=backbone, **layers)
    np.testing.assert_allclose(tiled_terms, terms, rtol=1e-3)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-3 * np.linalg.norm(gradient)


@pytest.mark.parametrize("style_loss", ["gram", "wasserstein"])
def test_what_a_picture_is_compared_with_is_the_same_tile_by_tile(style_loss: str, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    Image.fromarray(noise_pixels(70, 50)).save(mask)
    changes = {"style_loss": style_loss, "style_masks": (str(mask),)}
    (_, whole), (_, tiled) = (engine_and_targets(WIDTH, HEIGHT, tile, **changes) for tile in (None, 24))
    for ours, theirs in zip(tf.nest.flatten(tiled), tf.nest.flatten(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())


def test_a_tiled_run_ends_where_the_whole_one_does() -> None:
    content, style = content_pixels(60, 48), style_pixels()
    config = small_config(side=60, optimizer="lbfgs", learning_rate=None, iterations=10)
    whole, tiled = (shared_engine(config.replace(tile=tile)).run(content, style) for tile in (None, 32))
    assert tiled.losses.total == pytest.approx(whole.losses.total, rel=1e-2)
    assert tiled.size == whole.size


def test_the_tiles_own_each_pixel_once_and_read_as_far_as_the_network_reaches() -> None:
    assert list(spans(99, 32, 9, 4)) == [
        Span(read=(0, 47), own=(0, 32)),
        Span(read=(20, 79), own=(32, 64)),
        Span(read=(52, 99), own=(64, 99)),
    ]


@pytest.mark.parametrize("length", [1, 4, 31, 32, 33, 64, 67, 100, 1000])
@pytest.mark.parametrize(("tile", "reach", "grid"), [(32, 9, 4), (16, 98, 16), (512, 243, 32)])
def test_the_tiles_of_any_length_add_up_on_the_grid(length: int, tile: int, reach: int, grid: int) -> None:
    tiles = list(spans(length, tile, reach, grid))
    assert [span.own[0] for span in tiles] == [0, *(span.own[1] for span in tiles[:-1])]
    assert tiles[-1].own[1] == length
    for span in tiles:
        assert span.own[0] % grid == span.read[0] % grid == 0
        assert (length - span.read[1]) % grid == 0
        assert span.read[0] == 0 or span.own[0] - span.read[0] >= reach
        assert span.read[1] == length or span.read[1] - span.own[1] >= reach


@pytest.mark.parametrize("backbone", ["vgg16", "vgg19", "resnet50", "mobilenet_v2", "tiny"])
def test_a_change_beyond_the_reach_leaves_the_deepest_features_as_they_are(backbone: str) -> None:
    spec = BACKBONES[backbone]
    deepest = {"content_layers": (spec.layers[-1],), "style_layers": (spec.layers[-1],)}
    engine = StyleTransfer(small_config(backbone=backbone, side=None, **deepest))
    stride = engine._shared.network.strides()[spec.layers[-1]]
    margin = -(-spec.reach // stride)
    length = (2 * margin + 3) * stride
    picture = np.random.default_rng(0).random((1, stride, length, 3), dtype=np.float32) * 255
    changed = picture.copy()
    changed[:, :, : (margin + 1) * stride - spec.reach] = 0
    features, others = (
        engine._shared.network.features(tf.constant(pixels))[spec.layers[-1]] for pixels in (picture, changed)
    )
    np.testing.assert_allclose(features[:, :, margin + 1 :], others[:, :, margin + 1 :], rtol=1e-4, atol=1e-3)
