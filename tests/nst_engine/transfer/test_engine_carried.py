"""The opacity and profile that a result takes from its content, and the provenance in its file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_engine.config import releases
from nst_engine.images import read_photograph, read_provenance
from nst_engine.images.color import recolored
from nst_engine.transfer import pair_run
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels


def half_clear(path: Path) -> Path:
    """A picture whose left half is clear."""
    pixels = np.dstack([content_pixels(), np.full((36, 48), 255, np.uint8)])
    pixels[:, :24, 3] = 0
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("file_format", ["png", "webp", "tiff"])
def test_the_transparency_of_the_content_is_given_back(tmp_path: Path, file_format: str) -> None:
    content = half_clear(tmp_path / "content.png")
    result = shared_engine(small_config(side=96, format=file_format)).run(content, style_pixels())
    alpha = read_photograph(result.encode()).alpha
    assert alpha is not None
    assert alpha.shape == (72, 96)
    assert alpha[:, :40].max() < 0.05
    assert alpha[:, 56:].min() > 0.95


def test_the_file_tells_how_it_came_about(tmp_path: Path) -> None:
    result = shared_engine(small_config(seed=7)).run(content_pixels(), style_pixels())
    for name in ("out.png", "out.jpg", "out.webp", "out.tiff"):
        told = read_provenance(result.save(tmp_path / name))
        assert told is not None
        assert told["config"] == releases.RELEASES[-1].spell_out(result.config)
        assert told["weights_sha256"] == result.weights_sha256
        assert told["losses"]["total"] == pytest.approx(result.losses.total)


def test_luminance_gives_the_result_the_colours_of_the_content() -> None:
    grey = np.repeat(content_pixels().mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    engine = shared_engine(small_config(preserve_color="luminance", iterations=10))
    result = engine.run(grey, style_pixels())
    assert np.ptp(result.image, axis=2).max() < 0.02
    assert engine.evaluate(result.image, grey, style_pixels()).total == pytest.approx(result.losses.total, rel=1e-4)


@pytest.mark.parametrize("mode", ["histogram", "coral"])
def test_the_style_takes_the_colours_of_the_content_beforehand(mode: str) -> None:
    content, style = content_pixels(), noise_pixels(8, 5).repeat(8, axis=0).repeat(8, axis=1)
    plain, kept = (shared_engine(small_config(preserve_color=name)) for name in ("none", mode))
    picture = content_pixels()
    assert kept.evaluate(picture, content, style).style < plain.evaluate(picture, content, style).style
    assert kept.run(content, style).losses.total > 0


@pytest.mark.parametrize("mode", ["histogram", "coral"])
def test_colours_are_matched_at_the_size_of_the_result(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    matched = []

    def noted(*arguments: Any) -> Any:
        matched.append(tuple(max(picture.shape) for picture in arguments[:2]))
        return recolored(*arguments)

    monkeypatch.setattr(pair_run, "recolored", noted)
    engine = shared_engine(small_config(preserve_color=mode, side=48))
    engine.run(noise_pixels(480, 360), noise_pixels(400, 500))
    engine.run(noise_pixels(40, 30), noise_pixels(30, 20))
    assert matched == [(48, 48), (30, 40)]
