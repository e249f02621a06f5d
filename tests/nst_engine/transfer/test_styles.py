"""Several styles at once, each where it is to paint and from where it is to be taken, at the scale asked for."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from nst_engine import ImageError, Pair
from nst_engine.images import decode, resize
from nst_engine.types import Picture, Pixels
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENT, STYLE, OTHER = content_pixels(), style_pixels(), noise_pixels(40, 32)
LAYERS = {"content_layers": ("block2_conv1",), "style_layers": ("block2_conv1",)}
STYLE_LOSSES = ["gram", "wasserstein", "neighbours"]

Save = Callable[[str, Pixels], str]


@pytest.fixture(scope="module")
def save(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """Writes a picture and gives back its path."""

    def saved(name: str, pixels: Pixels) -> str:
        path = tmp_path_factory.mktemp("pictures") / name
        Image.fromarray(pixels).save(path)
        return str(path)

    return saved


def columns(start: int, stop: int, width: int = 48, height: int = 36) -> Pixels:
    """A mask that is white in some columns."""
    mask = np.zeros((height, width, 3), np.uint8)
    mask[:, start:stop] = 255
    return mask


def style_term(style: Any, content: Pixels = CONTENT, picture: Pixels | None = None, **changes: Any) -> float:
    """The style loss of a picture against the styles of a configuration."""
    return (
        shared_engine(small_config(**changes))
        .evaluate(noise_pixels() if picture is None else picture, content, style)
        .style
    )


# ---------------------------------------------------------------- blends


@pytest.mark.parametrize("style_loss", ["gram", "wasserstein"])
def test_a_blend_is_one_picture_of_all_its_styles_each_with_the_area_of_its_weight(save: Save, style_loss: str) -> None:
    wide = noise_pixels(96, 32)
    wide[:, 0] = STYLE[:, -1]
    shallow: dict[str, Any] = {"style_loss": style_loss, "style_layers": ("block1_conv1",), "style_scale": 4.0}
    blended = style_term(STYLE, blend=(f"{save('wide.png', wide)}:3",), **shallow)
    assert blended == pytest.approx(style_term(np.hstack([STYLE, wide]), **shallow), rel=1e-3)
    assert blended != pytest.approx(style_term(wide, **shallow), rel=0.01)


def test_a_gram_blend_is_the_weighted_mean_of_the_losses_of_its_styles_but_for_a_constant(save: Save) -> None:
    def shortfall(picture: Pixels) -> float:
        one, other = (style_term(style, picture=picture) for style in (STYLE, OTHER))
        return one / 4 + other * 3 / 4 - style_term(STYLE, picture=picture, blend=(f"{path}:3",))

    path = save("other.png", OTHER)
    assert shortfall(noise_pixels()) == pytest.approx(shortfall(CONTENT), rel=1e-3)
    assert shortfall(CONTENT) > 0


@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_a_style_blended_with_itself_is_that_style_alone(save: Save, style_loss: str) -> None:
    itself = save("style.png", STYLE)
    blended = style_term(STYLE, style_loss=style_loss, blend=(itself, f"{itself}:0.5"))
    assert blended == pytest.approx(style_term(STYLE, style_loss=style_loss), rel=1e-4)


def test_a_blend_of_neighbours_is_searched_at_the_places_of_all_its_styles(save: Save) -> None:
    one, other = (style_term(style, style_loss="neighbours") for style in (STYLE, OTHER))
    blended = style_term(STYLE, style_loss="neighbours", blend=(save("other.png", OTHER),))
    assert 0 < blended < min(one, other)


def test_a_transfer_lowers_the_loss_of_its_blend_in_its_region_on_every_level(save: Save) -> None:
    other, mask = save("other.png", OTHER), save("mask.png", columns(0, 96, 192, 144))
    config = small_config(blend=(f"{other}:2",), content_masks=(mask, mask), levels=2, iterations=4)
    result = shared_engine(config).run(CONTENT, STYLE)
    assert [record.side for record in result.history] == [34, 48, 48]
    assert result.losses.style < result.history[1].style
    assert set(result.origins) == {"content", "style", other, mask}
    origin = result.origins[other]
    assert origin is not None
    assert origin.name == other


def test_styles_that_each_paint_everywhere_have_the_weighted_mean_of_their_losses(save: Save) -> None:
    white = save("white.png", columns(0, 48))
    both: dict[str, Any] = {"blend": (f"{save('other.png', OTHER)}:3",), "content_masks": (white, white)}
    for common in ({}, {"preserve_color": "coral"}, {"style_scale": 0.5}):
        one, other = (style_term(style, **common) for style in (STYLE, OTHER))
        assert style_term(STYLE, **both, **common) == pytest.approx(one / 4 + other * 3 / 4, rel=1e-4)


# ---------------------------------------------------------------- where a style paints


def painted(content: Pixels, *, style: Pixels = STYLE, **changes: Any) -> tuple[Picture, Picture]:
    """The content and what became of it under a style alone, neither content nor variation weighing anything."""
    weights = {"content_weight": 0, "tv_weight": 0, "learning_rate": 2.0, "iterations": 6, "record_every": 0}
    result = shared_engine(small_config(side=None, **(LAYERS | weights | changes))).run(content, style)
    return decode(content), result.image


@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_a_style_paints_where_its_mask_is_white_and_nowhere_beyond_the_network_s_reach(
    save: Save, style_loss: str
) -> None:
    content, mask = content_pixels(64, 40), save("mask.png", columns(0, 20, 64, 40))
    before, after = painted(content, style_loss=style_loss, content_masks=(mask,))
    moved = np.abs(after - before).max(axis=(0, 2))
    np.testing.assert_allclose(moved[20 + 12 :], 0, atol=1e-6)
    assert moved[:20].min() > 0


def test_two_styles_each_paint_their_region_as_if_they_were_alone(save: Save) -> None:
    content, other = content_pixels(96, 32), save("other.png", OTHER)
    left, right = save("left.png", columns(0, 32, 96, 32)), save("right.png", columns(64, 96, 96, 32))
    before, both = painted(content, blend=(other,), content_masks=(left, right))
    _, first = painted(content, content_masks=(left,))
    _, second = painted(content, style=OTHER, content_masks=(right,))
    np.testing.assert_allclose(both[:, :32], first[:, :32], atol=1e-3)
    np.testing.assert_allclose(both[:, 64:], second[:, 64:], atol=1e-3)
    assert np.abs(both - before)[:, 64:].mean() > 0.01
    assert np.abs(both - first)[:, 64:].mean() > 0.01


def test_a_mask_that_is_white_everywhere_is_no_mask(save: Save) -> None:
    content_mask, style_mask = save("content mask.png", columns(0, 48)), save("style mask.png", columns(0, 32, 32, 32))
    masked = style_term(STYLE, content_masks=(content_mask,), style_masks=(style_mask,))
    assert masked == pytest.approx(style_term(STYLE), rel=1e-4)


# ---------------------------------------------------------------- what is taken of a style


@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_a_style_is_what_its_mask_leaves_of_it(save: Save, style_loss: str) -> None:
    beside = np.hstack([STYLE, np.repeat(STYLE[:, -1:], 2, axis=1), noise_pixels(30, 32)])
    mask = save("mask.png", columns(0, 32, 64, 32))
    shallow: dict[str, Any] = {"style_loss": style_loss, "style_layers": ("block1_conv1",), "side": 64}
    picture, content = noise_pixels(64, 48), content_pixels(64, 48)
    alone, whole, taken = (
        style_term(style, content, picture, **shallow, **masks)
        for style, masks in ((STYLE, {}), (beside, {}), (beside, {"style_masks": (mask,)}))
    )
    assert taken == pytest.approx(alone, rel=1e-3)
    assert whole != pytest.approx(alone, rel=0.02)


def test_a_blend_of_both_halves_of_a_picture_is_the_picture(save: Save) -> None:
    beside = np.hstack([STYLE, noise_pixels(32, 32)])
    masks = save("left.png", columns(0, 32, 64, 32)), save("right.png", columns(32, 64, 64, 32))
    halves: dict[str, Any] = {"blend": (save("beside.png", beside),), "style_masks": masks}
    for style_loss in ("gram", "wasserstein"):
        common: dict[str, Any] = {"style_loss": style_loss, "style_scale": 2.0}
        whole = style_term(beside, **common)
        assert style_term(beside, **halves, **common) == pytest.approx(whole, rel=1e-3)
        assert style_term(beside, style_masks=masks[:1], **common) != pytest.approx(whole, rel=0.02)


# ---------------------------------------------------------------- at which scale


@pytest.mark.parametrize(("scale", "side"), [(0.5, 24), (1.5, 72), (8.0, 96)])
def test_a_style_is_read_at_its_scale_of_the_result_and_never_enlarged(scale: float, side: int) -> None:
    style = style_pixels(96, 96)
    reduced = resize(decode(style), side, side)
    expected = style_term(reduced, style_scale=8.0)
    assert style_term(style, style_scale=scale) == pytest.approx(expected, rel=1e-4)


# ---------------------------------------------------------------- tiles


@pytest.mark.parametrize(("style_loss", "formulation"), [("wasserstein", "mean"), ("gram", "share")])
def test_regions_and_styles_have_the_terms_and_the_gradient_of_the_whole_picture_tile_by_tile(
    save: Save, style_loss: str, formulation: str
) -> None:
    masks = save("soft.png", noise_pixels(60, 44)), save("right.png", columns(25, 60, 60, 44))
    own = save("own.png", noise_pixels(32, 32)), save("other mask.png", columns(0, 23, 40, 32))
    fields: dict[str, Any] = {"style_loss": style_loss, "formulation": formulation, "side": 60}
    blend = (save("other.png", OTHER),)
    engine = shared_engine(small_config(content_masks=masks, style_masks=own, blend=blend, **fields))
    run = engine._pair_run(Pair(content_pixels(60, 44), STYLE))

    def evaluated(tile: int | None) -> tuple[Any, Any]:
        targets = engine._shared.targets(run, (60, 44), tile)
        pixels = tf.constant(noise_pixels(60, 44)[np.newaxis], tf.float32)
        return engine._shared.reader((60, 44), tile).evaluate(pixels, (targets,), (tf.constant(1.0),))

    (terms, gradient), (tiled_terms, tiled_gradient) = evaluated(None), evaluated(16)
    np.testing.assert_allclose(tiled_terms, terms, rtol=1e-3)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-3 * np.linalg.norm(gradient)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("field", ["blend", "content_masks", "style_masks"])
def test_a_file_that_is_absent_is_named(field: str) -> None:
    engine = shared_engine(small_config(**{field: ("absent.png",)}))
    with pytest.raises(ImageError, match=r"picture 'absent\.png' cannot be read: No such file"):
        engine.run(CONTENT, STYLE)


@pytest.mark.parametrize(("field", "aspect"), [("content_masks", "48:36"), ("style_masks", "32:32")])
def test_a_mask_of_another_aspect_is_refused_with_the_right_one(save: Save, field: str, aspect: str) -> None:
    mask = save("mask.png", columns(0, 24, 60, 20))
    engine = shared_engine(small_config(**{field: (mask,)}))
    expected = re.escape(f"mask {mask!r} is 60x20 pixels; use a picture of the aspect {aspect}")
    with pytest.raises(ImageError, match=expected):
        engine.run(CONTENT, STYLE)


@pytest.mark.parametrize(("field", "size"), [("content_masks", (48, 36)), ("style_masks", (32, 32))])
def test_a_mask_without_any_white_is_refused(save: Save, field: str, size: tuple[int, int]) -> None:
    mask = save("mask.png", columns(0, 0, *size))
    engine = shared_engine(small_config(**{field: (mask,)}))
    with pytest.raises(ImageError, match=re.escape(f"mask {mask!r} is black everywhere")):
        engine.run(CONTENT, STYLE)


def test_a_result_says_that_its_style_was_too_small_for_the_scale() -> None:
    (note,) = shared_engine(small_config(style_scale=2.0, side=48)).run(CONTENT, style_pixels(33, 40)).notes
    assert note.endswith("has 40 pixels where style_scale=2 asks for 96: it is used as it is")
