"""Measures of pictures: by their formulas, and where common sense puts a blur, noise and other colours."""

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from nst_engine import ImageError
from nst_engine.images import read_photograph, resize, save
from nst_engine.images.color import recolored
from nst_engine.judging.measures import Measures, color_distance, measure, sharpness, structural_similarity
from nst_engine.types import Picture
from tasks.samples.paintings import paint_embers, paint_swirls
from tests.nst_engine.small import content_pixels, noise_pixels, style_pixels
from tests.reference import measures as reference


def as_picture(pixels: np.ndarray) -> Picture:
    return (pixels / 255).astype(np.float32)


CONTENT, STYLE, NOISE = as_picture(content_pixels()), as_picture(style_pixels()), as_picture(noise_pixels())
SMALL = tuple(as_picture(make(18, 15)) for make in (content_pixels, style_pixels, noise_pixels))


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return resize(as_picture(data.astronaut()), 96, 96)


def blurred(picture: Picture) -> Picture:
    height, width, _ = picture.shape
    return resize(resize(picture, width // 4, height // 4), width, height)


def directions(count: int = 4000) -> np.ndarray:
    """Directions spread evenly over half the sphere."""
    z = (np.arange(count) + 0.5) / count
    angle = np.arange(count) * np.pi * (3 - np.sqrt(5))
    return np.stack([np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z], axis=1)


# ---------------------------------------------------------------- structural similarity


@pytest.mark.parametrize("other", SMALL)
def test_structural_similarity_is_the_formula_of_the_paper(other: Picture) -> None:
    expected = reference.structural_similarity(other, SMALL[0])
    assert structural_similarity(other, SMALL[0]) == pytest.approx(expected, abs=2e-4)


def test_a_tall_picture_has_the_structure_of_all_its_parts() -> None:
    image, content = (as_picture(make(14, 150)) for make in (noise_pixels, content_pixels))
    expected = reference.structural_similarity(image, content)
    assert structural_similarity(image, content) == pytest.approx(expected, abs=2e-4)


def test_a_picture_has_the_structure_of_itself(photograph: Picture) -> None:
    assert structural_similarity(photograph, photograph) == pytest.approx(1, abs=1e-5)


def test_a_negative_has_the_opposite_structure() -> None:
    waves = STYLE - STYLE.mean() + 0.5
    assert structural_similarity(1 - waves, waves) < -0.8


def test_a_blur_keeps_more_structure_than_a_strong_blur_and_noise_none(photograph: Picture) -> None:
    noise = as_picture(noise_pixels(96, 96))
    kept = [structural_similarity(picture, photograph) for picture in (photograph, blurred(photograph), noise)]
    assert kept == sorted(kept, reverse=True)
    assert kept[1] > 0.5
    assert abs(kept[2]) < 0.1


def test_structure_is_of_luminance_and_not_of_colour(photograph: Picture) -> None:
    grey = (photograph @ np.array([0.299, 0.587, 0.114], np.float32))[..., np.newaxis].repeat(3, axis=2)
    assert structural_similarity(grey, photograph) == pytest.approx(1, abs=1e-4)


def test_refuses_pictures_without_a_window_of_structure() -> None:
    with pytest.raises(ImageError, match="a picture of 10x36 pixels has no structure to compare; use one of 11 pixels"):
        structural_similarity(NOISE[:, :10], CONTENT[:, :10])


def test_refuses_to_compare_the_structure_of_two_sizes() -> None:
    with pytest.raises(ImageError, match="the content is 48x36 pixels; use 32x32"):
        structural_similarity(STYLE, CONTENT)


# ---------------------------------------------------------------- colours


def test_the_colour_distance_is_that_over_all_directions() -> None:
    for other in (SMALL[1], SMALL[2], as_picture(style_pixels(9, 20))):
        expected = reference.sliced_color_distance(other, SMALL[0], directions(400))
        assert color_distance(other, SMALL[0]) == pytest.approx(expected, rel=0.03)


def test_a_shift_of_all_colours_is_as_far_as_it_is_long() -> None:
    black, white = np.zeros((8, 8, 3), np.float32), np.ones((5, 9, 3), np.float32)
    assert color_distance(black, white) == pytest.approx(1, abs=1e-4)


def test_where_the_colours_are_does_not_matter() -> None:
    moved = np.random.default_rng(0).permutation(STYLE.reshape(-1, 3)).reshape(16, 64, 3)
    assert color_distance(moved, STYLE) == pytest.approx(0, abs=1e-6)


def test_a_style_of_another_size_has_the_same_colours() -> None:
    small, large = paint_swirls(64, 64), paint_swirls(128, 128)
    assert color_distance(small, large) < color_distance(small, paint_embers(64, 64)) / 4


def test_recoloured_as_the_style_a_photograph_is_nearer_to_it(photograph: Picture) -> None:
    style = paint_embers(96, 96)
    coral, histogram = (recolored(photograph, style, mode) for mode in ("coral", "histogram"))
    plain = color_distance(photograph, style)
    assert color_distance(coral, style) < plain / 3
    assert color_distance(histogram, style) < plain / 3


def test_colours_of_one_mean_and_covariance_are_told_apart() -> None:
    spread = np.random.default_rng(0).standard_normal((64, 64, 3)).astype(np.float32)
    even, two = 0.5 + 0.1 * spread, 0.5 + 0.1 * np.sign(spread)
    assert color_distance(even, two) > 10 * color_distance(two, two[::-1])
    assert color_distance(even, two) > 0.02


# ---------------------------------------------------------------- sharpness


@pytest.mark.parametrize("picture", [*SMALL, CONTENT])
def test_sharpness_is_the_variance_of_the_laplacian(picture: Picture) -> None:
    assert sharpness(picture) == pytest.approx(reference.laplacian_variance(picture), rel=1e-4)


def test_a_blur_is_less_sharp_and_noise_sharper_than_a_photograph(photograph: Picture) -> None:
    noise = as_picture(noise_pixels(96, 96))
    assert sharpness(blurred(photograph)) < sharpness(photograph) / 4
    assert sharpness(noise) > 4 * sharpness(photograph)


def test_a_slope_has_no_sharpness() -> None:
    slope = np.linspace(0, 1, 30, dtype=np.float32)[:, np.newaxis, np.newaxis].repeat(20, axis=1).repeat(3, axis=2)
    assert sharpness(slope) == pytest.approx(0, abs=1e-10)


def test_refuses_a_picture_without_an_inside() -> None:
    with pytest.raises(ImageError, match="a picture of 2x36 pixels has no sharpness; use one of 3 pixels or more"):
        sharpness(CONTENT[:, :2])


# ---------------------------------------------------------------- all of them


def test_measures_files_as_it_measures_arrays(tmp_path: Path) -> None:
    paths = [save(picture, tmp_path / f"{index}.png") for index, picture in enumerate((NOISE, CONTENT, STYLE))]
    expected = Measures(
        structural_similarity=structural_similarity(NOISE, CONTENT),
        color_distance=color_distance(NOISE, STYLE),
        sharpness=sharpness(NOISE),
    )
    assert measure(*paths) == expected
    assert measure(*map(read_photograph, paths)) == expected
    assert measure(noise_pixels(), content_pixels(), style_pixels()) == expected


def test_the_content_is_resized_as_a_transfer_resizes_it(photograph: Picture) -> None:
    result = resize(photograph, 40, 40)
    assert measure(result, photograph, STYLE).structural_similarity == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", [(48, 37), (47, 36), (24, 18), (25, 18), (7, 5)])
def test_takes_the_sizes_that_whole_pixels_explain(size: tuple[int, int]) -> None:
    width, height = size
    if min(size) < 11:
        with pytest.raises(ImageError, match="no structure to compare"):
            measure(noise_pixels(width, height), CONTENT, STYLE)
    else:
        assert measure(noise_pixels(width, height), CONTENT, STYLE).sharpness > 0


@pytest.mark.parametrize("size", [(36, 48), (48, 39), (48, 48), (20, 18)])
def test_refuses_a_picture_of_another_aspect(size: tuple[int, int]) -> None:
    text = f"the picture is {size[0]}x{size[1]} pixels and a content of 48x36 gives .* use a picture of the content's"
    with pytest.raises(ImageError, match=text):
        measure(noise_pixels(*size), CONTENT, STYLE)
