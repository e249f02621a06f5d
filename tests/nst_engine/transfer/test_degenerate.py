"""Degenerate pictures and the outermost numbers: a finite picture, or a refusal in one line."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nst_engine import NightbrushError, TransferConfig
from nst_engine.config.bounds import Bound, number_bounds
from nst_engine.registry.losses import STYLE_LOSSES
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config

LOSSES = [(name, formulation) for name, spec in STYLE_LOSSES.items() for formulation in spec.formulations]
COSTLY = ("side", "tile", "levels", "iterations", "seed", "quality", "snapshot_every")
BOUNDS = {name: bound for name, bound in number_bounds(4).items() if name not in COSTLY}


def flat(value: int) -> Any:
    return np.full((24, 32, 3), value, np.uint8)


def one_dot(ground: int) -> Any:
    picture = flat(ground)
    picture[0, 0] = 255 - ground
    return picture


def stripes() -> Any:
    return np.tile(np.array([0, 255], np.uint8)[:, np.newaxis], (24, 16, 3)).reshape(24, 32, 3)


PICTURES = {
    "black": flat(0),
    "grey": flat(128),
    "white": flat(255),
    "red": np.full((24, 32, 3), (255, 0, 0), np.uint8),
    "one dot on black": one_dot(0),
    "one dot on white": one_dot(255),
    "stripes": stripes(),
    "one channel": noise_pixels(32, 24) * np.array([0, 1, 0], np.uint8),
    "as narrow as can be": noise_pixels(32, 4),
    "a photograph": content_pixels(32, 24),
}
PICTURE = st.sampled_from([*PICTURES])


def outermost(bound: Bound) -> list[Any]:
    """The least and the greatest number of a bound, one between, and the words that it takes."""
    least = bound.least if not bound.above else 1e-30
    return [least, bound.most, 1 if bound.whole else min(1.0, bound.most), *bound.instead]


FIELDS = st.fixed_dictionaries(
    {
        "optimizer": st.sampled_from(["lbfgs", "adam", "adamw", "lamb"]),
        "preserve_color": st.sampled_from(["none", "luminance", "histogram", "coral"]),
        "init": st.sampled_from(["content", "style", "noise"]),
        "schedule": st.sampled_from(["constant", "cosine", "exponential"]),
    },
    optional={name: st.sampled_from(outermost(bound)) for name, bound in BOUNDS.items()},
)


def transfer(content: Any, style: Any, **fields: Any) -> str:
    """Make a picture, which must be finite; or the text of the refusal, which must be one line."""
    try:
        config: TransferConfig = small_config(**{"side": 32, "iterations": 3} | fields)
        result = shared_engine(config).run(content, style)
    except NightbrushError as error:
        return str(error)
    assert result.image.min() >= 0
    assert result.image.max() <= 1
    assert all(np.isfinite([record.total, record.content, record.style]).all() for record in result.history)
    assert min(record.style for record in result.history) >= 0
    return ""


@pytest.fixture(scope="module", params=LOSSES, ids="-".join)
def loss(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A style loss in one of its formulations; all tests of one follow each other, and share its graphs."""
    style_loss, formulation = request.param
    return {"style_loss": style_loss, "formulation": formulation, "learning_rate": None}


@given(content=PICTURE, style=PICTURE)
@settings(max_examples=6)
@example(content="white", style="white")
@example(content="a photograph", style="white")
def test_every_picture_takes_on_every_other(loss: dict[str, Any], content: str, style: str) -> None:
    assert transfer(PICTURES[content], PICTURES[style], **loss) == ""


@given(content=PICTURE, style=PICTURE, fields=FIELDS)
@settings(max_examples=8)
def test_numbers_at_their_bounds_give_a_picture_or_one_line(
    loss: dict[str, Any], content: str, style: str, fields: dict[str, Any]
) -> None:
    text = transfer(PICTURES[content], PICTURES[style], **loss | fields)
    assert "\n" not in text
