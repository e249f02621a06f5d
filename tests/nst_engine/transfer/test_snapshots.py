"""Pictures on the way."""

from typing import Any

import numpy as np
import pytest

from nst_engine import TransferResult
from nst_engine.images import decode
from nst_engine.types import Picture
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels

CONTENT, STYLE = content_pixels(), style_pixels()

Snapshots = list[tuple[int, Picture]]


def watched(**changes: Any) -> tuple[TransferResult, Snapshots]:
    """A result and the snapshots on the way to it."""
    snapshots: Snapshots = []
    engine = shared_engine(small_config(**changes))
    result = engine.run(CONTENT, STYLE, on_snapshot=lambda steps, picture: snapshots.append((steps, picture)))
    return result, snapshots


@pytest.fixture(scope="module")
def run() -> tuple[TransferResult, Snapshots]:
    return watched(snapshot_every=3, record_every=5, iterations=11, levels=2)


def test_a_snapshot_comes_every_few_steps_of_each_level(run: tuple[TransferResult, Snapshots]) -> None:
    assert [steps for steps, _ in run[1]] == [3, 6, 9, 14, 17, 20]


def test_records_come_as_they_would_without_snapshots(run: tuple[TransferResult, Snapshots]) -> None:
    records = [(record.step, record.side) for record in run[0].history]
    assert records == [(0, 34), (5, 34), (10, 34), (11, 48), (16, 48), (21, 48), (22, 48)]


def test_a_snapshot_is_the_picture_at_the_size_of_its_level(run: tuple[TransferResult, Snapshots]) -> None:
    assert [picture.shape for _, picture in run[1]] == [(26, 34, 3)] * 3 + [(36, 48, 3)] * 3
    for _, picture in run[1]:
        assert picture.dtype == np.float32
        assert 0 <= picture.min() < picture.max() <= 1


def test_snapshots_are_pictures_of_their_own(run: tuple[TransferResult, Snapshots]) -> None:
    pictures = [picture for _, picture in run[1][3:]]
    for before, after in zip(pictures, [*pictures[1:], run[0].image], strict=True):
        assert np.abs(after - before).max() > 0


def test_snapshots_that_fall_on_records_change_nothing() -> None:
    fields: dict[str, Any] = {"optimizer": "lbfgs", "learning_rate": None, "record_every": 2}
    with_snapshots, snapshots = watched(snapshot_every=4, **fields)
    without, none = watched(**fields)
    assert ([steps for steps, _ in snapshots], none) == ([4, 8, 12], [])
    np.testing.assert_array_equal(with_snapshots.image, without.image)
    np.testing.assert_array_equal(snapshots[-1][1], without.image)
    assert [record.losses for record in with_snapshots.history] == [record.losses for record in without.history]


def test_a_snapshot_has_the_colours_that_the_result_has() -> None:
    grey = np.repeat(CONTENT.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    snapshots: Snapshots = []
    engine = shared_engine(small_config(preserve_color="luminance", snapshot_every=4, iterations=8))
    engine.run(grey, STYLE, on_snapshot=lambda steps, picture: snapshots.append((steps, picture)))
    for _, picture in snapshots:
        assert np.ptp(picture, axis=2).max() < 0.02
        assert np.abs(picture - decode(grey)).max() > 0.05


def test_nobody_needs_to_watch() -> None:
    engine = shared_engine(small_config(snapshot_every=4))
    assert engine.run(CONTENT, STYLE).iterations == 12
    assert len(list(engine.records(CONTENT, STYLE))) == 4
