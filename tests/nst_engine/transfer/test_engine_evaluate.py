"""Losses of any picture: those of a saved result, those of goldens, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from nst_engine import ImageError, LossTerms
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENT, STYLE = content_pixels(), style_pixels()


def as_tuple(terms: LossTerms) -> tuple[float, ...]:
    return terms.content, terms.style, terms.tv, terms.total


@pytest.mark.parametrize(("optimizer", "levels"), [("lbfgs", 2), ("adam", 1)])
def test_the_saved_picture_has_the_losses_that_were_reported(tmp_path: Path, optimizer: str, levels: int) -> None:
    config = small_config(optimizer=optimizer, learning_rate=None, levels=levels, iterations=20)
    engine = shared_engine(config)
    result = engine.run(CONTENT, STYLE)
    path = result.save(tmp_path / "result.png")
    assert as_tuple(engine.evaluate(path, CONTENT, STYLE)) == pytest.approx(as_tuple(result.losses), rel=0.02)
    exact = as_tuple(engine.evaluate(result.image, CONTENT, STYLE))
    assert exact == pytest.approx(as_tuple(result.losses), rel=1e-4)


@pytest.mark.parametrize("size", [(36, 48), (48, 35), (96, 72)])
def test_refuses_a_picture_of_another_size_than_the_result(size: tuple[int, int]) -> None:
    engine = shared_engine(small_config())
    with pytest.raises(ImageError, match=f"the picture is {size[0]}x{size[1]} pixels; use 48x36"):
        engine.evaluate(noise_pixels(*size), CONTENT, STYLE)


def test_refuses_what_is_no_picture() -> None:
    engine = shared_engine(small_config())
    for pictures in ((b"", CONTENT, STYLE), (CONTENT, b"", STYLE), (CONTENT, CONTENT, b"")):
        with pytest.raises(ImageError, match="cannot be read"):
            engine.evaluate(*pictures)


def test_two_evaluations_are_equal_and_change_nothing() -> None:
    engine = shared_engine(small_config())
    first = engine.run(CONTENT, STYLE)
    assert engine.evaluate(noise_pixels(), CONTENT, STYLE) == engine.evaluate(noise_pixels(), CONTENT, STYLE)
    np.testing.assert_array_equal(engine.run(CONTENT, STYLE).image, first.image)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_mixed_precision_judges_nearly_as_float32_does(precision: str) -> None:
    exact, low = (shared_engine(small_config(precision=name)) for name in ("float32", precision))
    expected = as_tuple(exact.evaluate(noise_pixels(), CONTENT, STYLE))
    assert as_tuple(low.evaluate(noise_pixels(), CONTENT, STYLE)) == pytest.approx(expected, rel=0.03)


def test_golden_losses_of_a_picture() -> None:
    terms = as_tuple(shared_engine(small_config()).evaluate(noise_pixels(), CONTENT, STYLE))
    assert terms == pytest.approx((11730.241, 65681060.0, 22363.43, 6580284.0), rel=1e-3)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_golden_losses_of_twenty_steps_of_adam(pooling: str) -> None:
    golden = {
        "max": (2323.1775, 840579.875, 3290.2866, 86446.97),
        "average": (1328.2310, 105959.0625, 3102.2109, 11986.1816),
    }[pooling]
    result = shared_engine(small_config(pooling=pooling, iterations=20)).run(CONTENT, STYLE)
    assert as_tuple(result.losses) == pytest.approx(golden, rel=1e-3)
