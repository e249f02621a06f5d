"""Colour preservation: statistics against NumPy's own, and what must not change."""

from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage.color import lab2lch, rgb2lab

from nst_engine.errors import ConfigError, ImageError
from nst_engine.images.color import ColorMatch, linear_of_srgb, recolored, srgb_of_linear, with_colors_of
from nst_engine.types import Picture
from tests.nst_engine.small import content_pixels, style_pixels

MODES: tuple[ColorMatch, ...] = get_args(ColorMatch)
GREYS = np.linspace(0.1, 0.9, 48, dtype=np.float32)

small_pictures = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 7), st.integers(1, 7), st.just(3)), elements=st.floats(0, 1, width=32)
)


def as_picture(pixels: npt.NDArray[Any]) -> Picture:
    return pixels.astype(np.float32) / np.float32(255)


def muted(seed: int, height: int = 30, width: int = 40) -> Picture:
    """Correlated colours about a grey, so far from black and white that nothing is clipped."""
    random = np.random.default_rng(seed)
    mixing = np.eye(3) + random.uniform(-0.5, 0.5, (3, 3))
    colours = 0.5 + 0.03 * random.standard_normal((height, width, 3)).clip(-2.5, 2.5) @ mixing
    return colours.astype(np.float32)


def plain(colour: tuple[float, float, float], height: int = 6, width: int = 5) -> Picture:
    return np.full((height, width, 3), colour, np.float32)


def grey() -> Picture:
    return np.repeat(GREYS.reshape(6, 8, 1), 3, axis=2)


def lightness(picture: Picture) -> npt.NDArray[np.float64]:
    """OKLab's lightness, in the letters of its definition."""
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture.astype(np.float64) + 0.055) / 1.055) ** 2.4)
    r, g, b = np.moveaxis(linear, 2, 0)
    long = 0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b
    medium = 0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b
    short = 0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b
    seen: npt.NDArray[np.float64] = (
        0.2104542553 * np.cbrt(long) + 0.7936177850 * np.cbrt(medium) - 0.0040720468 * np.cbrt(short)
    )
    return seen


# ---------------------------------------------------------------- both ways to recolour a style


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("picture", [muted(0), as_picture(content_pixels()), grey(), plain((0.2, 0.4, 0.9))])
def test_a_style_in_its_own_colours_stays_as_it_is(mode: ColorMatch, picture: Picture) -> None:
    np.testing.assert_allclose(recolored(picture, picture, mode), picture, atol=2e-6)


@pytest.mark.parametrize("mode", MODES)
def test_keeps_the_size_of_the_style(mode: ColorMatch) -> None:
    result = recolored(as_picture(style_pixels(31, 17)), as_picture(content_pixels()), mode)
    assert result.shape == (17, 31, 3)
    assert result.dtype == np.float32


@pytest.mark.parametrize("mode", MODES)
@given(style=small_pictures, content=small_pictures)
def test_any_two_pictures_give_a_picture(mode: ColorMatch, style: Picture, content: Picture) -> None:
    result = recolored(style, content, mode)
    assert result.shape == style.shape
    assert 0 <= result.min() <= result.max() <= 1


@pytest.mark.parametrize("mode", MODES)
def test_a_content_of_one_colour_gives_that_colour(mode: ColorMatch) -> None:
    result = recolored(as_picture(style_pixels()), plain((0.2, 0.4, 0.9)), mode)
    np.testing.assert_allclose(result, plain((0.2, 0.4, 0.9), 32, 32), atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_a_grey_content_makes_the_style_grey(mode: ColorMatch) -> None:
    greyed = recolored(grey()[::-1], grey(), mode)
    np.testing.assert_allclose(greyed[..., 0], greyed[..., 2], atol=1e-5)
    coral = recolored(as_picture(style_pixels()), grey(), "coral")
    np.testing.assert_allclose(coral[..., 0], coral[..., 2], atol=1e-5)


def test_refuses_a_mode_that_is_not_there() -> None:
    unknown: Any = "sepia"
    with pytest.raises(ConfigError, match="mode='sepia' is not known; use histogram or coral"):
        recolored(grey(), grey(), unknown)
    for mode in MODES:
        assert recolored(grey(), grey(), mode).shape == grey().shape


# ---------------------------------------------------------------- coral


@given(seeds=st.tuples(st.integers(0, 999), st.integers(0, 999)))
def test_coral_gives_the_mean_and_covariance_of_the_content(seeds: tuple[int, int]) -> None:
    style, content = muted(seeds[0]), muted(seeds[1], 20, 30)
    result = recolored(style, content, "coral").reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(result.mean(axis=0), content.mean(axis=(0, 1), dtype=np.float64), atol=1e-6)
    covariance = np.cov(content.reshape(-1, 3).astype(np.float64), rowvar=False, bias=True)
    kept = np.linalg.eigvalsh(np.cov(style.reshape(-1, 3), rowvar=False, bias=True))[0] > 1.1 / 255**2
    if kept:
        np.testing.assert_allclose(np.cov(result, rowvar=False, bias=True), covariance, atol=1e-8)


def test_coral_is_the_formula_of_the_paper() -> None:
    style, content = muted(1), muted(2)
    s, c = style.reshape(-1, 3).astype(np.float64), content.reshape(-1, 3).astype(np.float64)

    def root(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        values, U = np.linalg.eig(matrix)
        return np.asarray(U @ np.diag(np.sqrt(values)) @ np.linalg.inv(U))

    sigma_s, sigma_c = np.cov(s.T, bias=True), np.cov(c.T, bias=True)
    A = root(sigma_c) @ np.linalg.inv(root(sigma_s))
    expected = np.array([A @ x + c.mean(axis=0) - A @ s.mean(axis=0) for x in s])
    np.testing.assert_allclose(recolored(style, content, "coral").reshape(-1, 3), expected, atol=1e-6)


def test_coral_of_a_style_of_one_colour_is_the_mean_of_the_content() -> None:
    content = muted(3)
    result = recolored(plain((0.9, 0.1, 0.1)), content, "coral")
    np.testing.assert_allclose(result, plain(tuple(content.mean(axis=(0, 1)))), atol=1e-6)


def test_coral_does_not_turn_the_noise_of_a_grey_style_into_colours() -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (6, 8, 3)) / 255
    clean, noisy = (recolored((grey() + n).astype(np.float32), muted(4), "coral") for n in (0, noise))
    assert np.abs(noisy - clean).max() < 0.01


# ---------------------------------------------------------------- histogram


def test_histogram_gives_each_channel_the_values_of_the_content() -> None:
    random = np.random.default_rng(0)
    style, content = random.random((9, 8, 3), np.float32), random.random((12, 6, 3), np.float32)
    result = recolored(style, content, "histogram").reshape(-1, 3)
    np.testing.assert_allclose(np.sort(result, axis=0), np.sort(content.reshape(-1, 3), axis=0), atol=1e-7)


def test_histogram_gives_a_style_of_another_size_the_quantiles_of_the_content() -> None:
    style, content = muted(5, 50, 60), muted(6, 35, 20)
    result, levels = recolored(style, content, "histogram"), np.linspace(0.1, 0.9, 17)
    np.testing.assert_allclose(
        np.quantile(result, levels, axis=(0, 1)), np.quantile(content, levels, axis=(0, 1)), atol=2e-3
    )


@given(style=small_pictures, content=small_pictures)
def test_histogram_keeps_the_order_of_the_values_of_a_channel(style: Picture, content: Picture) -> None:
    result = recolored(style, content, "histogram")
    for channel in range(3):
        order = np.argsort(style[..., channel], axis=None, kind="stable")
        before, after = style[..., channel].ravel()[order], result[..., channel].ravel()[order]
        assert (np.diff(after) >= 0).all()
        assert (np.diff(after)[np.diff(before) == 0] == 0).all()


# ---------------------------------------------------------------- luminance


@given(picture=small_pictures)
@example(picture=np.float32([[[0, 1, 0.8355322]]]))  # at the edge of what sRGB can show
def test_a_picture_with_its_own_colours_stays_as_it_is(picture: Picture) -> None:
    np.testing.assert_allclose(with_colors_of(picture, picture), picture, atol=1e-3)


@given(pictures=st.tuples(small_pictures, small_pictures))
def test_the_lightness_is_the_result_s(pictures: tuple[Picture, Picture]) -> None:
    height, width = np.minimum(pictures[0].shape, pictures[1].shape)[:2]
    result, content = (picture[:height, :width] for picture in pictures)
    coloured = with_colors_of(result, content)
    assert 0 <= coloured.min() <= coloured.max() <= 1
    seen, wanted = (lightness(picture).clip(0.05) for picture in (coloured, result))  # below is no light to speak of
    np.testing.assert_allclose(seen, wanted, atol=5e-3)


def test_the_hue_is_the_content_s_where_it_can_be_shown() -> None:
    result, content = np.repeat(GREYS, 3).reshape(1, 48, 3), plain((0.5, 0.35, 0.3), 1, 48)
    hues = lab2lch(rgb2lab(with_colors_of(result, content)))[0, 10:-10, 2]
    np.testing.assert_allclose(hues, lab2lch(rgb2lab(content))[0, 0, 2], atol=0.15)


def test_colours_that_cannot_be_shown_lose_chroma_not_hue() -> None:
    result, blue = np.repeat(GREYS, 3).reshape(1, 48, 3), plain((0, 0, 1), 1, 48)
    coloured = with_colors_of(result, blue)
    assert (coloured[..., 2] >= coloured[..., :2].max(axis=-1)).all()
    np.testing.assert_allclose(lightness(coloured), lightness(result), atol=5e-3)
    assert np.abs(coloured - result).max() > 0.1


def test_a_grey_content_takes_the_colours_away() -> None:
    coloured = with_colors_of(as_picture(style_pixels(8, 6)), grey())
    np.testing.assert_allclose(coloured, coloured[..., :1].repeat(3, axis=2), atol=1e-4)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_stay_black_and_white(level: float) -> None:
    coloured = with_colors_of(plain((level,) * 3), plain((1, 0.2, 0)))
    np.testing.assert_allclose(coloured, level, atol=2e-3)


def test_refuses_a_content_of_another_size() -> None:
    with pytest.raises(ImageError, match="the content is 5x6 pixels; use 8x6"):
        with_colors_of(grey(), plain((0, 0, 0)))


def test_srgb_comes_back_from_the_light_that_it_is() -> None:
    values = np.linspace(0, 1, 256, dtype=np.float32)
    assert linear_of_srgb(np.array([0.04045, 0.5, 1.0])) == pytest.approx([0.0031308, 0.2140411, 1.0], rel=1e-5)
    assert srgb_of_linear(linear_of_srgb(values)) == pytest.approx(values, abs=1e-6)
