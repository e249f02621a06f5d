"""A real transfer: the packaged VGG16, a photograph and a painting."""

from pathlib import Path

import pytest
from skimage import data

from nst_engine import StyleTransfer, TransferConfig, TransferResult
from nst_engine.types import Picture, Pixels
from tasks.samples.paintings import paint_embers
from tests.packaged import needs_packaged, packaged

pytestmark = needs_packaged("vgg16")

CONFIG = TransferConfig(
    backbone="vgg16",
    weights="packaged",
    content_layers=("block4_conv2",),
    style_layers=("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"),
    formulation="share",
    content_weight=1.0,
    style_weight=20.0,
    tv_weight=0.0005,
    side=96,
    init="content",
    levels=1,
    optimizer="lbfgs",
    learning_rate=1.0,
    iterations=30,
    precision="float32",
    record_every=10,
)


@pytest.fixture(scope="module")
def photograph() -> Pixels:
    pixels: Pixels = data.astronaut()[:400]
    return pixels


@pytest.fixture(scope="module")
def painting() -> Picture:
    return paint_embers(128, 128)


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    return StyleTransfer(CONFIG)


@pytest.fixture(scope="module")
def result(engine: StyleTransfer, photograph: Pixels, painting: Picture) -> TransferResult:
    return engine.run(photograph, painting)


def test_the_total_loss_falls_below_a_tenth(result: TransferResult) -> None:
    totals = [record.total for record in result.history]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[0] / 10


def test_the_picture_keeps_the_photograph_and_takes_on_the_painting(result: TransferResult) -> None:
    assert result.size == (96, 75)
    assert result.weights_sha256 == packaged("vgg16")[0].sha256
    first, last = result.history[0], result.history[-1]
    assert first.content == 0
    assert last.style < first.style / 10
    assert last.content * CONFIG.loss_weights[0] < first.total / 10


def test_the_saved_picture_has_the_losses_that_were_reported(
    engine: StyleTransfer, result: TransferResult, photograph: Pixels, painting: Picture, tmp_path: Path
) -> None:
    saved = engine.evaluate(result.save(tmp_path / "result.png"), photograph, painting)
    assert saved.content == pytest.approx(result.losses.content, rel=0.02)
    assert saved.style == pytest.approx(result.losses.style, rel=0.02)
    assert saved.tv == pytest.approx(result.losses.tv, rel=0.02)
    assert saved.total == pytest.approx(result.losses.total, rel=0.02)


def test_bfloat16_judges_the_picture_as_float32_does(
    result: TransferResult, photograph: Pixels, painting: Picture
) -> None:
    low = StyleTransfer(CONFIG.replace(precision="mixed_bfloat16"))
    assert low.evaluate(result.image, photograph, painting).total == pytest.approx(result.losses.total, rel=0.05)
