"""A pair that is cut off on its way goes on from its last checkpoint in the next run."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_engine import Checkpoint
from tasks.local_state import checkpoints, state_folder
from tasks.making import observer
from tasks.making.stylize_pair import stylize_pair
from tasks.storage import StorageError
from tests.tasks.studio import CONFIG, a_job, a_pair

PAIR = a_pair()
LONG = CONFIG.replace(iterations=8)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints are kept without waiting."""
    monkeypatch.setattr(observer, "CHECKPOINT_SECONDS", 0.0)


def a_checkpoint(steps: int = 4) -> Checkpoint:
    account: dict[str, Any] = {"steps": steps, "spent": {"optimize": 1.0}}
    return Checkpoint(level=0, done=steps, picture=np.zeros((2, 3, 3), np.float32), account=account)


def cut_off(monkeypatch: pytest.MonkeyPatch, root: Path, after: int, **changes: Any) -> None:
    """Have the power fail after a number of steps."""
    keep = observer.TransferObserver.on_checkpoint

    def keep_and_fail(self: observer.TransferObserver, checkpoint: Checkpoint) -> None:
        keep(self, checkpoint)
        if checkpoint.steps >= after:
            raise KeyboardInterrupt

    job = a_job(root, LONG.replace(**changes))
    with monkeypatch.context() as patch:
        patch.setattr(observer.TransferObserver, "on_checkpoint", keep_and_fail)
        with pytest.raises(KeyboardInterrupt):
            stylize_pair(PAIR, job)


def kept_files() -> list[Path]:
    folder = state_folder() / "checkpoints"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_pair_that_was_cut_off_goes_on_in_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(monkeypatch, tmp_path, after=4)
    assert len(kept_files()) == 1
    row = stylize_pair(PAIR, a_job(tmp_path, LONG))
    assert (row.status, row.iterations, row.stop_reason) == ("completed", 8, "iterations; resumed after 4 steps")
    assert row.seconds_prepare is not None
    assert row.seconds_prepare >= 0
    assert kept_files() == []
    assert stylize_pair(PAIR, a_job(tmp_path, LONG)).status == "skipped"


def test_another_configuration_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(monkeypatch, tmp_path, after=4)
    row = stylize_pair(PAIR, a_job(tmp_path, LONG.replace(style_weight=3.0)))
    assert row.stop_reason == "iterations"


def test_a_deterministic_pair_begins_anew_and_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorflow.config.experimental.enable_op_determinism", lambda: None)
    cut_off(monkeypatch, tmp_path, after=4, deterministic=True)
    assert kept_files() == []
    row = stylize_pair(PAIR, a_job(tmp_path, LONG.replace(deterministic=True)))
    assert row.stop_reason == "iterations"


def test_checkpoints_are_kept_no_oftener_than_they_are_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "CHECKPOINT_SECONDS", 3600.0)
    cut_off(monkeypatch, tmp_path, after=4)
    assert kept_files() == []


def test_a_checkpoint_that_cannot_be_kept_costs_a_note_and_not_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(checkpoints, "save", refuse)
    row = stylize_pair(PAIR, a_job(tmp_path, LONG))
    assert (row.status, row.error) == ("completed", "no checkpoint could be kept: the disk is full")


def test_a_damaged_checkpoint_is_none() -> None:
    checkpoints.save("f", a_checkpoint())
    [path] = kept_files()
    path.write_bytes(path.read_bytes()[:-30])
    assert checkpoints.load("f") is None


def test_the_last_checkpoint_of_a_fingerprint_counts() -> None:
    assert checkpoints.load("f") is None
    for steps in (4, 6):
        checkpoints.save("f", a_checkpoint(steps))
    found = checkpoints.load("f")
    assert found is not None
    assert found.steps == 6
    assert checkpoints.load("g") is None
    for _ in range(2):
        checkpoints.delete("f")
    assert checkpoints.load("f") is None


def test_checkpoints_that_nothing_goes_on_from_are_dropped_in_time() -> None:
    checkpoints.save("old", a_checkpoint())
    [path] = kept_files()
    long_ago = path.stat().st_mtime - (checkpoints.DAYS + 1) * 86_400
    os.utime(path, (long_ago, long_ago))
    checkpoints.save("new", a_checkpoint())
    assert checkpoints.load("old") is None
    assert checkpoints.load("new") is not None
