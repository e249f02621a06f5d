import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_engine import ImageError, LossTerms, Record, Status, TransferResult, __version__
from nst_engine.config import releases
from nst_engine.images import decode, encode
from nst_engine.images.reading import Origin
from nst_engine.registry.losses import WEIGHT_FIELDS
from nst_engine.transfer.result import Seconds
from tests.nst_engine.small import noise_pixels, small_config

RECORDS = tuple(
    Record(
        step=step,
        side=48,
        total=13.0 - step,
        content=2.0,
        style=30.0,
        tv=4.0,
        learning_rate=1.0,
        seconds=0.5,
        content_weight=1.0,
        style_weight=0.1,
    )
    for step in (0, 4)
)


def a_result(**config: Any) -> TransferResult:
    return TransferResult(
        image=decode(noise_pixels()),
        alpha=None,
        icc=None,
        losses=RECORDS[-1].losses,
        history=RECORDS,
        status=Status.COMPLETED,
        stop_reason="iterations",
        iterations=4,
        evaluations=5,
        timings=Seconds(prepare=1.5, optimize=2.0),
        config=small_config(**config),
        precision="float32",
        tile=None,
        origins={"content": None, "style": None},
        device="CPU:0",
        weights_sha256="0" * 64,
        peak_memory_mb=100.0,
    )


def test_its_size_is_width_by_height() -> None:
    assert a_result().size == (48, 36)


def test_its_seconds_are_those_of_preparation_and_optimization() -> None:
    assert a_result().seconds == 3.5


def test_a_record_carries_its_loss_terms() -> None:
    assert RECORDS[1].losses == LossTerms(content=2.0, style=30.0, tv=4.0, total=9.0)


def test_its_history_can_be_written_as_json() -> None:
    rows = json.loads(json.dumps(a_result().history_rows()))
    assert tuple(Record(**row) for row in rows) == RECORDS


def test_a_status_is_its_word() -> None:
    assert [str(status) for status in Status] == ["completed", "converged", "skipped", "failed"]


def test_its_provenance_names_what_it_was_made_from() -> None:
    origins = {"content": Origin("lake.png", "1" * 64), "style": None, "start.png": Origin("start.png", "2" * 64)}
    told = replace(a_result(), origins=origins).provenance
    assert told["content"] == {"name": "lake.png", "sha256": "1" * 64}
    assert told["style"] is None
    assert told["files"] == {"start.png": {"name": "start.png", "sha256": "2" * 64}}


def test_its_provenance_tells_how_it_was_made() -> None:
    told = replace(a_result(precision="auto", seed=7), tile=256).provenance
    assert (told["precision"], told["tile"], told["engine_version"]) == ("float32", 256, __version__)
    assert (told["config"]["precision"], told["config"]["tile"], told["config"]["seed"]) == ("auto", None, 7)


def test_its_provenance_names_what_the_configuration_leaves_to_defaults() -> None:
    result = a_result()
    told = result.provenance
    assert told["recipe"] == releases.RELEASES[-1].recipe
    assert [told["config"][name] for name in WEIGHT_FIELDS] == [*result.config.loss_weights]
    assert told["config"]["learning_rate"] == result.config.rate


def test_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        a_result().iterations = 5  # type: ignore[misc] # what is tested


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.jpeg", "JPEG"), ("a.webp", "WEBP")]
)
def test_saves_in_the_format_of_the_suffix_whatever_the_configuration_says(
    tmp_path: Path, name: str, kind: str
) -> None:
    path = a_result(format="webp").save(tmp_path / "new folder" / name)
    assert path == tmp_path / "new folder" / name
    with Image.open(path) as image:
        assert image.format == kind
        assert image.size == (48, 36)


def test_a_png_keeps_every_pixel(tmp_path: Path) -> None:
    np.testing.assert_array_equal(Image.open(a_result().save(tmp_path / "a.png")), noise_pixels())


def test_saves_in_the_quality_of_the_configuration(tmp_path: Path) -> None:
    low = a_result(quality=20)
    small, large = (result.save(tmp_path / f"{result.config.quality}.jpg") for result in (low, a_result(quality=95)))
    assert small.stat().st_size < large.stat().st_size
    assert small.read_bytes() == encode(decode(noise_pixels()), "jpg", 20, provenance=low.provenance)


def test_encodes_in_the_format_and_quality_of_the_configuration() -> None:
    result = a_result(format="webp", quality=30)
    assert result.encode() == encode(result.image, "webp", 30, provenance=result.provenance)


def test_refuses_a_suffix_that_is_no_format(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"use \.png, \.jpg, \.jpeg, \.webp, \.tif or \.tiff"):
        a_result().save(tmp_path / "a.gif")


def test_refuses_to_save_a_picture_that_is_not_finite(tmp_path: Path) -> None:
    broken = replace(a_result(), image=np.full((4, 4, 3), np.nan, np.float32))
    with pytest.raises(ImageError, match="not finite"):
        broken.save(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
