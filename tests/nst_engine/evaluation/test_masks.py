from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nst_engine import ImageError
from nst_engine.evaluation.masks import Mask, layer_masks, mask_for, region_shares

CONTENT = np.zeros((36, 48, 3), np.float32)


def grey(level: float, width: int = 48, height: int = 36) -> npt.NDArray[np.float32]:
    return np.full((height, width, 3), level, np.float32)


def columns(start: int, stop: int, level: float = 1.0) -> Mask:
    """A mask of 36 rows and 48 columns that is white, or grey, in some columns."""
    mask = np.zeros((36, 48), np.float32)
    mask[:, start:stop] = level
    return mask


# ---------------------------------------------------------------- masks


def test_a_mask_is_the_mean_of_the_colours_at_the_size_of_its_picture() -> None:
    colours = grey(0.0, 96, 72)
    colours[..., 0], colours[..., 1] = 0.9, 0.3
    mask = mask_for(CONTENT, colours, "mask.png")
    assert (mask.shape, mask.dtype) == ((36, 48), np.float32)
    np.testing.assert_allclose(mask, 0.4, rtol=1e-5)


def test_a_mask_of_the_size_itself_is_left_as_it_is() -> None:
    halves = np.repeat(columns(0, 24)[..., np.newaxis], 3, axis=2)
    np.testing.assert_array_equal(mask_for(CONTENT, halves, "mask.png"), columns(0, 24))


@pytest.mark.parametrize("size", [(36, 48), (48, 48), (48, 30)])
def test_refuses_a_mask_of_another_aspect(size: tuple[int, int]) -> None:
    expected = f"mask 'my mask.png' is {size[0]}x{size[1]} pixels; use a picture of the aspect 48:36"
    with pytest.raises(ImageError, match=expected):
        mask_for(CONTENT, grey(1.0, *size), "my mask.png")


def test_takes_a_mask_whose_aspect_is_right_but_for_rounding() -> None:
    assert mask_for(CONTENT, grey(1.0, 97, 72), "mask.png").shape == (36, 48)


def test_refuses_a_mask_that_is_black_everywhere() -> None:
    with pytest.raises(ImageError, match=r"mask 'my mask\.png' is black everywhere; make white what belongs"):
        mask_for(CONTENT, grey(0.0), "my mask.png")


# ---------------------------------------------------------------- shares


def test_where_all_masks_are_white_the_shares_are_the_weights() -> None:
    assert region_shares([0.25, 0.75], [columns(0, 48)] * 2) == pytest.approx((0.25, 0.75))


@pytest.mark.parametrize(("stop", "area"), [(48, 1), (24, 1 / 2), (3, 1 / 16)])
def test_the_share_of_one_region_is_its_area(stop: int, area: float) -> None:
    assert region_shares([1.0], [columns(0, stop)]) == pytest.approx((area,))


def test_regions_apart_have_their_areas_times_their_weights_and_add_up_to_what_is_painted() -> None:
    apart = [columns(0, 12), columns(12, 48)]
    assert region_shares([0.5, 0.5], apart) == pytest.approx((1 / 4, 3 / 4))
    assert region_shares([0.75, 0.25], apart) == pytest.approx((1 / 2, 1 / 2))
    assert sum(region_shares([0.2, 0.8], [columns(0, 12), columns(24, 36)])) == pytest.approx(1 / 2)


def test_regions_that_overlap_count_their_common_places_once() -> None:
    shares = region_shares([0.5, 0.5], [columns(0, 36), columns(12, 48)])
    assert shares == pytest.approx((1 / 2, 1 / 2))
    inner, outer = region_shares([0.5, 0.5], [columns(0, 12), columns(0, 24)])
    assert inner + outer == pytest.approx(1 / 2)
    assert outer == pytest.approx(2 * inner)


def test_a_soft_mask_has_the_share_of_its_mean() -> None:
    assert region_shares([1.0], [columns(0, 24, 0.5)]) == pytest.approx((1 / 4,))
    soft = [columns(0, 48, 0.3), columns(0, 48, 0.7)]
    assert region_shares([0.5, 0.5], soft) == pytest.approx((0.3, 0.7))


# ---------------------------------------------------------------- the places of layers


def test_a_layer_s_weights_are_the_mask_s_means_over_its_places_and_1_in_the_mean() -> None:
    mask = np.random.default_rng(0).random((36, 48), dtype=np.float32)
    weights = layer_masks(mask, {"fine": (36, 48), "coarse": (9, 12)})
    places: Any = mask.reshape(9, 4, 12, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(weights["fine"][0, ..., 0], mask / mask.mean(), rtol=1e-4)
    np.testing.assert_allclose(weights["coarse"][0, ..., 0], places / places.mean(), rtol=1e-4)


@pytest.mark.parametrize("size", [(36, 48), (18, 24), (7, 11), (1, 1), (72, 96)])
def test_weights_of_every_size_are_1_in_the_mean(size: tuple[int, int]) -> None:
    weights = layer_masks(columns(3, 5, 0.2), {"layer": size})["layer"]
    assert weights.shape == (1, *size, 1)
    assert np.mean(weights) == pytest.approx(1, rel=1e-5)
    assert np.min(weights) >= 0


def test_no_mask_has_no_weights() -> None:
    assert layer_masks(None, {"layer": (9, 12)}) == {}
