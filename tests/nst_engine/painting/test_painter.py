"""Painters that learn a style, are kept as files, and paint."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_engine import ConfigError, Painter, PainterError
from nst_engine.painting import painter_file
from nst_engine.painting.learning import Progress
from tests.nst_engine.painting.studio import CONFIG, STYLE, learned, photographs, the_painter, the_progress


class PowerCutError(Exception):
    """An error that ends a learning early."""


def cut_off(after: int, **arguments: Any) -> bytes:
    """The checkpoint of a learning that ends after that number of updates."""
    kept: list[bytes] = []

    def stop(progress: Progress) -> None:
        if progress.done == after:
            kept.append(progress.checkpoint())
            raise PowerCutError

    with pytest.raises(PowerCutError):
        learned(on_progress=stop, **arguments)
    return kept[0]


def rewritten(data: bytes, **changes: Any) -> bytes:
    """A painter's file with other plain values."""
    arrays, account = painter_file.from_bytes(data, "painter")
    return painter_file.to_bytes(arrays, account | changes)


# learning
def test_the_loss_on_held_out_photographs_falls() -> None:
    history = learned(CONFIG.replace(updates=60)).history
    assert history[0].update == 0
    assert history[-1].losses.total < 0.9 * history[0].losses.total


def test_progress_tells_updates_checks_and_the_end() -> None:
    seen = the_progress()
    assert [progress.done for progress in seen] == list(range(seen[-1].end + 1))
    assert [check.update for check in seen[-1].history] == list(range(len(seen)))


def test_the_same_arguments_give_the_same_file_and_another_seed_another() -> None:
    assert learned().to_bytes() == the_painter().to_bytes()
    assert learned(CONFIG.replace(seed=4)).to_bytes() != the_painter().to_bytes()


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_learning_that_was_cut_off_gives_the_painter_of_an_undisturbed_one(after: int) -> None:
    assert learned(resume=cut_off(after)).to_bytes() == the_painter().to_bytes()


def test_the_nearest_of_other_painters_is_begun_with_and_a_quarter_of_the_updates_suffices() -> None:
    far, near = the_painter(), learned(CONFIG.replace(updates=60))
    after = learned(CONFIG.replace(updates=60), starts=[far, near])
    assert after.history[0].losses == near.history[-1].losses
    assert after.history[-1].update <= 15
    assert after.config == near.config


def test_a_checkpoint_knows_what_was_begun_with() -> None:
    undisturbed = learned(starts=[the_painter()])
    assert undisturbed.history[-1].update == 3
    assert learned(resume=cut_off(1, starts=[the_painter()])).to_bytes() == undisturbed.to_bytes()


def test_a_painter_knows_what_it_has_learned_by_and_nothing_else() -> None:
    config = CONFIG.replace(iterations=7, format="jpg", strength=0.9)
    assert learned(config).config == the_painter().config == CONFIG.lessons
    assert the_painter().side == 32


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"photographs": photographs(3)}, "3 photographs are too few to learn from; use 8 or more"),
        ({"style": np.full((32, 32, 3), 0.4, np.float32)}, "a picture is of one colour: there is no style to learn"),
        ({"config": CONFIG.replace(side=None)}, "side=None cannot be had with method='paint'; use a side in pixels"),
        ({"resume": b"PK no checkpoint"}, "'checkpoint' is damaged"),
    ],
)
def test_refuses_what_nothing_can_be_learned_from(arguments: dict[str, Any], words: str) -> None:
    defaults: dict[str, Any] = {"style": STYLE, "photographs": photographs(), "config": CONFIG}
    with pytest.raises((ConfigError, PainterError), match=words):
        Painter.learn(**defaults | arguments)


# files
def test_a_painter_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    painter = the_painter()
    loaded = Painter.load(painter.save(tmp_path / "waves.npz"))
    assert loaded.to_bytes() == painter.to_bytes()
    np.testing.assert_array_equal(loaded.paint(STYLE), painter.paint(STYLE))


def test_a_file_tells_configuration_hashes_figures_and_rights_as_json() -> None:
    with np.load(painter_file.BytesIO(the_painter().to_bytes()), allow_pickle=False) as archive:
        account = json.loads(archive["account"].tobytes())
    assert account["config"]["backbone"] == "tiny"
    assert len(account["weights_sha256"]) == len(account["style_sha256"]) == 64
    assert account["history"][0]["losses"].keys() == {"content", "style", "tv", "total"}
    assert "licences" in account["note"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda data: data[: len(data) // 2], "'p.npz' is damaged or none: .*; delete it and learn it again"),
        (lambda _data: b"", "'p.npz' is damaged or none"),
        (lambda _data: b"\x89PNG and no painter", "'p.npz' is damaged or none"),
        (lambda data: rewritten(data, format=2), "'p.npz' is of format 2, and this version reads 1; learn it again"),
        (lambda data: rewritten(data, config={"bristles": 3}), "'p.npz' is of another version: 'bristles' is not"),
        (lambda data: rewritten(data, history=[{}]), "'p.npz' is of another version"),
        (lambda _data: painter_file.to_bytes({}, {}), "'p.npz' has another network than this version's"),
    ],
)
def test_refuses_a_file_that_is_no_painter_of_this_version(harm: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(PainterError, match=words):
        Painter.from_bytes(harm(the_painter().to_bytes()), "p.npz")


def test_refuses_a_file_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(PainterError, match=r"absent.npz' cannot be read: No such file"):
        Painter.load(tmp_path / "absent.npz")
    with pytest.raises(PainterError, match="cannot be written: Is a directory"):
        the_painter().save(tmp_path)


# painting
def test_a_picture_is_painted_at_the_side_that_was_learned_or_at_another() -> None:
    photograph = np.random.default_rng(0).random((50, 100, 3), dtype=np.float32)
    painter = the_painter()
    painted = painter.paint(photograph)
    assert painted.shape == (16, 32, 3)
    assert painter.paint(photograph, side=64).shape == (32, 64, 3)
    assert (painted.dtype, painted.min() >= 0, painted.max() <= 1) == (np.float32, True, True)


def test_strengths_give_other_pictures_and_only_those_from_none_to_one_are_allowed() -> None:
    pictures = [the_painter().paint(STYLE, strength=strength) for strength in (0.2, 0.5, 0.8)]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])
    with pytest.raises(ConfigError, match=r"strength=1\.5 is not allowed"):
        the_painter().paint(STYLE, strength=1.5)
