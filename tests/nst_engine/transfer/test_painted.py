"""Pictures that are painted, then evaluated and refined by the engine."""

import numpy as np
import pytest

from nst_engine import ConfigError, ImageError, StyleTransfer
from nst_engine.images import resize
from nst_engine.types import Picture
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENT, STYLE = content_pixels(), style_pixels()


def an_engine(refine: int = 0, **changes: object) -> StyleTransfer:
    return shared_engine(small_config(method="paint", refine=refine, optimizer="lbfgs", learning_rate=None, **changes))


def painted() -> Picture:
    return (noise_pixels() / 255).astype(np.float32)


def test_what_is_painted_is_the_result_and_its_losses_are_evaluated() -> None:
    engine = an_engine()
    result = engine.run(CONTENT, STYLE, painted=painted())
    np.testing.assert_array_equal(result.image, painted())
    assert result.losses == engine.evaluate(painted(), CONTENT, STYLE)
    assert (result.iterations, result.evaluations, result.stop_reason) == (0, 1, "painted")
    assert [record.step for record in result.history] == [0]


def test_a_painted_picture_is_refined_at_its_last_size_alone() -> None:
    result = an_engine(6, levels="auto").run(CONTENT, STYLE, painted=painted())
    assert result.iterations == 6
    assert {record.side for record in result.history} == {48}
    assert result.losses.total < 0.9 * result.history[0].total


def test_a_painted_picture_of_another_size_is_resized_and_one_of_another_aspect_refused() -> None:
    engine = an_engine()
    larger = resize(painted(), 96, 72)
    assert engine.run(CONTENT, STYLE, painted=larger).size == (48, 36)
    with pytest.raises(ImageError, match="what is painted is 36x36 pixels; use a picture of the aspect 48:36"):
        engine.run(CONTENT, STYLE, painted=painted()[:, :36])


def test_without_a_painted_picture_the_error_says_who_paints() -> None:
    with pytest.raises(ConfigError, match=r"method='paint' needs a painter; have Painter.paint make"):
        an_engine().run(CONTENT, STYLE)


def test_the_contents_colours_are_preserved_in_what_is_painted() -> None:
    plain, kept = (
        an_engine(preserve_color=mode).run(CONTENT, STYLE, painted=painted()) for mode in ("none", "luminance")
    )
    assert not np.array_equal(plain.image, kept.image)
