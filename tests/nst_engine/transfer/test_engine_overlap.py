"""Transfers of one engine that overlap, and that no picture knows of it."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from nst_engine import StyleTransfer
from nst_engine.config import TransferConfig
from nst_engine.transfer.optimization_loop import OptimizationLoop
from nst_engine.transfer.result import Record, TransferResult
from nst_engine.types import Pixels
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENTS, STYLE = (content_pixels(), noise_pixels()), style_pixels()

KINDS: list[dict[str, Any]] = [
    {"optimizer": "lbfgs", "levels": 2},
    {"optimizer": "adam"},
    {"optimizer": "adam", "tile": 32},
]


def config_of(kind: dict[str, Any]) -> TransferConfig:
    layers = dict.fromkeys(("content_layers", "style_layers"), ("block2_conv1",))
    return small_config(learning_rate=None, iterations=12, record_every=3, **layers, **kind)


def alone(config: TransferConfig) -> list[Pixels]:
    """The pictures of an engine that makes one after the other."""
    engine = shared_engine(config)
    return [engine.run(content, STYLE).image for content in CONTENTS]


def end(records: Generator[Record, None, TransferResult]) -> Pixels:
    """The picture that a transfer under way ends with."""
    while True:
        try:
            next(records)
        except StopIteration as stop:
            image: Pixels = stop.value.image
            return image


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_transfers_that_take_turns_give_the_pictures_that_they_give_alone(kind: dict[str, Any]) -> None:
    config = config_of(kind)
    engine = shared_engine(config)
    under_way = [engine.with_config(config).records(content, STYLE) for content in CONTENTS]
    for _ in range(2):
        for records in under_way:
            next(records)
    for records, picture in zip(under_way, alone(config), strict=True):
        np.testing.assert_array_equal(end(records), picture)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_transfers_in_threads_give_the_pictures_that_they_give_alone(kind: dict[str, Any]) -> None:
    config = config_of(kind)
    engine, together = shared_engine(config), Barrier(len(CONTENTS), timeout=60)

    def made(content: Pixels) -> Pixels:
        return engine.run(content, STYLE, on_record=lambda record: record.step or together.wait()).image

    with ThreadPoolExecutor(len(CONTENTS)) as pool:
        for picture, expected in zip(pool.map(made, CONTENTS), alone(config), strict=True):
            np.testing.assert_array_equal(picture, expected)


def test_a_transfer_may_be_run_while_another_is_watched() -> None:
    engine, within = shared_engine(config_of({"optimizer": "lbfgs"})), list[Pixels]()

    def watch(record: Record) -> None:
        if record.step == 6:
            within.append(engine.run(CONTENTS[1], STYLE).image)

    around = engine.run(CONTENTS[0], STYLE, on_record=watch).image
    for picture, expected in zip((around, *within), alone(engine.config), strict=True):
        np.testing.assert_array_equal(picture, expected)


def test_a_transfer_that_is_given_up_gives_its_graph_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[OptimizationLoop] = []
    make = OptimizationLoop.__init__
    monkeypatch.setattr(OptimizationLoop, "__init__", lambda self, *given: (made.append(self), make(self, *given))[1])

    def refuse(_record: Record) -> None:
        raise InterruptedError

    engine = StyleTransfer(config_of({"optimizer": "lbfgs"}))
    for _ in range(2):
        next(engine.records(CONTENTS[0], STYLE))
    with pytest.raises(InterruptedError) as interrupted:
        engine.run(CONTENTS[0], STYLE, on_record=refuse)
    engine.run(CONTENTS[0], STYLE)
    assert interrupted.tb is not None
    assert len(made) == 1
