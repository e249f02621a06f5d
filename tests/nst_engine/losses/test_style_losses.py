import pytest

from nst_engine.registry.losses import STYLE_LOSSES
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_the_style_itself_is_nearer_than_another_picture(name: str) -> None:
    engine, style = shared_engine(small_config(style_loss=name, side=None)), style_pixels(48, 48)
    content = content_pixels(48, 48)
    itself, other = (engine.evaluate(picture, content, style).style for picture in (style, content))
    assert itself < other / 100


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_a_transfer_lowers_every_style_loss(name: str) -> None:
    weights = {"content_weight": 0, "style_weight": 1, "tv_weight": 0}
    config = small_config(style_loss=name, optimizer="lbfgs", learning_rate=None, iterations=30, **weights)
    result = shared_engine(config).run(content_pixels(), style_pixels())
    assert result.losses.style < 0.8 * result.history[0].style
