"""The judge: its figures by their formulas, and pictures where common sense puts them."""

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from nst_engine import Distances, ImageError, Judge, Referee, StyleTransfer
from nst_engine.backbones.calibration_picture import natural_pixels
from nst_engine.images import read_photograph, resize, save
from nst_engine.judging.referee import LAST_RESORT
from nst_engine.types import Picture
from tasks.samples.paintings import paint_embers
from tests.nst_engine.small import content_pixels, noise_pixels, style_pixels
from tests.packaged import needs_packaged
from tests.reference import network

TINY = Referee(backbone="tiny", weights="random")
PACKAGED = Referee(backbone="vgg16", weights="packaged")
CONTENT, STYLE, NOISE = content_pixels(), style_pixels(), noise_pixels()
GREY = np.full((36, 48, 3), 127.5) / 255


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(TINY)


def reference_losses(pixels: np.ndarray, content: np.ndarray, formulation: str) -> network.Losses:
    shares = TINY.config.content_layer_weights, TINY.config.style_layer_weights
    pictures = (np.asarray(picture, np.float64) for picture in (pixels, content, STYLE))
    return network.losses(
        *pictures,
        content_shares=shares[0],
        style_shares=shares[1],
        weights=(1, 15, 0),
        formulation=formulation,
        reference=natural_pixels()[0],
    )


def content_loss(pixels: np.ndarray, content: np.ndarray) -> float:
    return reference_losses(pixels, content, "mean").content


# ---------------------------------------------------------------- figures


def test_the_distances_are_their_formulas(judge: Judge) -> None:
    share = content_loss(NOISE, CONTENT) / (content_loss(NOISE, 255 * GREY) + content_loss(CONTENT, 255 * GREY))
    style = reference_losses(NOISE, CONTENT, "share").style
    distances = judge.distances(NOISE, CONTENT, STYLE)
    assert distances.content == pytest.approx(share, rel=1e-4)
    assert distances.style == pytest.approx(style, rel=1e-4)
    assert distances.score == pytest.approx(share + 15 * style, rel=1e-4)


def test_the_content_itself_is_at_no_distance_and_a_blank_picture_at_one(judge: Judge) -> None:
    assert judge.distances(CONTENT, CONTENT, STYLE).content == 0
    assert judge.distances(GREY, CONTENT, STYLE).content == pytest.approx(1)
    assert judge.distances(GREY, GREY, STYLE).content == 0


def test_the_style_itself_is_at_no_distance_from_itself(judge: Judge) -> None:
    distances = judge.distances(STYLE, STYLE, STYLE)
    assert distances.content == 0
    assert distances.score == pytest.approx(0, abs=1e-6)


def test_pictures_are_resized_as_a_transfer_resizes_them(judge: Judge) -> None:
    content, style = content_pixels(96, 72), style_pixels(90, 64)
    engine = StyleTransfer(TINY.config.replace(side=48))
    distances = judge.distances(NOISE, content, style)
    assert distances.style == pytest.approx(engine.evaluate(NOISE, content, style).style, rel=1e-5)
    smaller = resize((content / 255).astype(np.float32), 48, 36)
    assert distances.content == pytest.approx(judge.distances(NOISE, smaller, style).content, rel=1e-5)


def test_judges_files_as_it_judges_arrays(judge: Judge, tmp_path: Path) -> None:
    pictures = [(picture / 255).astype(np.float32) for picture in (NOISE, CONTENT, STYLE)]
    paths = [save(picture, tmp_path / f"{index}.png") for index, picture in enumerate(pictures)]
    expected = judge.distances(NOISE, CONTENT, STYLE)
    assert judge.distances(*paths) == expected
    assert judge.distances(*map(read_photograph, paths)) == expected


def test_earlier_scores_change_nothing(judge: Judge) -> None:
    first = judge.distances(NOISE, CONTENT, STYLE)
    judge.distances(noise_pixels(64, 64), noise_pixels(32, 32, 5), CONTENT)
    assert judge.distances(NOISE, CONTENT, STYLE) == first == Judge(TINY).distances(NOISE, CONTENT, STYLE)


def test_refuses_a_picture_of_another_aspect_than_the_content(judge: Judge) -> None:
    text = "the picture is 36x48 pixels and a content of 48x36 gives 48x36; use a picture of the content's aspect"
    with pytest.raises(ImageError, match=text):
        judge.distances(noise_pixels(36, 48), CONTENT, STYLE)


def test_refuses_a_picture_that_its_network_cannot_see() -> None:
    with pytest.raises(ImageError, match="a picture of 12x9 pixels is too narrow for vgg19; use one of 16 pixels"):
        Judge(LAST_RESORT).distances(noise_pixels(12, 9), CONTENT, STYLE)


# ---------------------------------------------------------------- common sense


Ranked = dict[str, Distances]


@pytest.fixture(scope="module")
def ranked() -> Ranked:
    """Distances by the packaged VGG16 of a result, and of pictures that must rank worse."""
    content: Picture = resize((data.astronaut() / 255).astype(np.float32), 64, 64)
    style, seen = paint_embers(64, 64), np.random.default_rng(0)
    result = StyleTransfer(PACKAGED.config.replace(side=64, iterations=25)).run(content, style).image
    faint = (0.5 + 0.1 * seen.standard_normal(content.shape)).clip(0, 1).astype(np.float32)
    pictures = {
        "content": content,
        "result": result,
        "style": style,
        "noise": noise_pixels(64, 64),
        "faint noise": faint,
        "blank": np.full_like(content, 0.5),
        "shuffled content": seen.permutation(content.reshape(-1, 3)).reshape(content.shape),
    }
    judge = Judge(PACKAGED)
    return {name: judge.distances(picture, content, style) for name, picture in pictures.items()}


@needs_packaged("vgg16")
def test_the_content_alone_is_far_from_the_style(ranked: Ranked) -> None:
    assert ranked["content"].content == 0
    assert ranked["result"].style < ranked["content"].style / 10
    assert ranked["style"].style == pytest.approx(0, abs=1e-6)


@needs_packaged("vgg16")
def test_the_style_alone_is_no_likeness_of_the_content(ranked: Ranked) -> None:
    assert ranked["style"].content > 1.05 * ranked["result"].content


@needs_packaged("vgg16")
@pytest.mark.parametrize("nothing", ["noise", "faint noise", "blank", "shuffled content"])
def test_noise_and_blanks_are_farther_from_the_content_and_the_style_than_a_result(
    ranked: Ranked, nothing: str
) -> None:
    assert ranked[nothing].content > 1.1 * ranked["result"].content
    assert ranked[nothing].style > 10 * ranked["result"].style


@needs_packaged("vgg16")
def test_a_result_has_the_best_score_but_for_the_style_itself(ranked: Ranked) -> None:
    scores = {name: distances.score for name, distances in ranked.items() if name != "style"}
    assert min(scores, key=lambda name: scores[name]) == "result"
