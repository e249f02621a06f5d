"""Small pictures to learn from, and a painter that has learned a little, once for all tests of this folder."""

from functools import cache
from typing import Any

import numpy as np

from nst_engine import Painter, TransferConfig
from nst_engine.painting.learning import Progress
from nst_engine.types import Picture
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import style_pixels

CONFIG = TransferConfig(
    backbone="tiny", weights="random", side=32, updates=12, precision="float32", seed=3, record_every=2
)
STYLE = style_pixels()


@cache
def photographs(count: int = 9) -> tuple[Picture, ...]:
    """Pictures of blurred noise, a little wider than high."""
    generator = np.random.default_rng(5)
    coarse = (generator.random((6, 8, 3), dtype=np.float32) for _ in range(count))
    return tuple(np.kron(picture, np.ones((6, 6, 1), np.float32)) for picture in coarse)


def learned(config: TransferConfig = CONFIG, **arguments: Any) -> Painter:
    """A painter that learns by an engine that other tests use too."""
    return Painter.learn_by(shared_engine(config), STYLE, photographs(), **arguments)


@cache
def the_painter() -> Painter:
    """A painter that several tests look at."""
    return learned()


@cache
def the_progress() -> tuple[Progress, ...]:
    """How far that painter was after each update."""
    seen: list[Progress] = []
    learned(on_progress=seen.append)
    return tuple(seen)
