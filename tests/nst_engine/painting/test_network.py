"""What a painter computes: shapes, strengths, and pictures that are taken in tiles."""

import numpy as np
import pytest
import tensorflow as tf

from nst_engine.painting.hand import Hand
from nst_engine.painting.network import GRID, NORMALIZED, REACH, Arrays, first_parameters, paint
from nst_engine.types import Tensor

HALF = tf.constant(0.5)


def pixels(width: int, height: int) -> Tensor:
    return tf.constant(np.random.default_rng(0).uniform(0, 255, (1, height, width, 3)).astype(np.float32))


def parameters(slope: float = 0.0) -> Arrays:
    """First parameters whose scales depend on the strength."""
    first = first_parameters(1)
    return first | {name: values + slope for name, values in first.items() if name.endswith("scale_slope")}


@pytest.mark.parametrize("size", [(48, 32), (45, 31), (8, 9)])
def test_a_picture_keeps_its_size(size: tuple[int, int]) -> None:
    assert paint(first_parameters(0), pixels(*size), HALF, "float32").shape == (1, *size[::-1], 3)


def test_the_seed_decides_the_first_parameters() -> None:
    one, same, other = (first_parameters(seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["first/kernel"], other["first/kernel"])
    assert sum(values.size for values in one.values()) == 429587


def test_bfloat16_paints_nearly_what_float32_does() -> None:
    exact, fast = (paint(first_parameters(0), pixels(40, 40), HALF, dtype).numpy() for dtype in ("float32", "bfloat16"))
    assert np.abs(exact - fast).mean() < 0.05 * exact.std()


def test_the_strength_counts_where_something_was_learned_of_it() -> None:
    weak, strong = (tf.constant(strength) for strength in (0.2, 0.8))
    picture = pixels(24, 24)
    for slope, differs in ((0.0, False), (0.5, True)):
        found = [paint(parameters(slope), picture, strength, "float32").numpy() for strength in (weak, strong)]
        assert np.array_equal(*found) is not differs


def test_contrast_and_brightness_of_a_picture_change_hardly_anything_of_what_is_painted() -> None:
    picture = pixels(32, 32)
    bright, dim = (paint(first_parameters(0), factor * picture + 20, HALF, "float32") for factor in (0.9, 0.3))
    inside = slice(4, -4)
    assert np.abs(bright - dim)[:, inside, inside].mean() < 0.15 * float(tf.math.reduce_std(bright))


@pytest.mark.parametrize("size", [(300, 208), (403, 187), (130, 400)])
def test_a_picture_in_tiles_is_the_picture_taken_whole(size: tuple[int, int]) -> None:
    hand = Hand(parameters(0.3), "float32")
    picture = pixels(*size)
    whole, tiled = hand.paint(picture, HALF), hand.paint(picture, HALF, largest=0, tile=96)
    np.testing.assert_allclose(tiled, whole, atol=0.02)


def test_the_reach_is_that_of_all_convolutions() -> None:
    before = [1, *(layer.stride for layer in NORMALIZED)]
    read = [min(before[index], layer.stride) for index, layer in enumerate(NORMALIZED)]
    reach = 9 // 2 + sum(layer.side // 2 * stride for layer, stride in zip(NORMALIZED, read, strict=True))
    doubled = 3 + 1
    assert reach + doubled <= REACH
    assert REACH % GRID == 0
