"""The result of a transfer: the picture, its losses and its history."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_engine import ImageError, LossTerms, Record, Status, StyleTransfer, TransferError, TransferResult
from nst_engine.images import decode
from nst_engine.types import PictureSource
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENT, STYLE = content_pixels(), style_pixels()


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    return shared_engine(small_config())


@pytest.fixture(scope="module")
def result(engine: StyleTransfer) -> TransferResult:
    return engine.run(CONTENT, STYLE)


def png(pixels: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def as_tuple(terms: LossTerms) -> tuple[float, ...]:
    return terms.content, terms.style, terms.tv, terms.total


# ---------------------------------------------------------------- the result


def test_the_result_says_how_it_came_about(engine: StyleTransfer, result: TransferResult) -> None:
    assert result.config == engine.config
    assert result.status is Status.COMPLETED
    assert result.iterations == 12
    assert result.evaluations == 12 + 3 + 1
    assert result.precision == "float32"
    assert result.device == engine.device
    assert result.weights_sha256 == engine.weights_sha256
    assert result.seconds == result.timings.prepare + result.timings.optimize > 0
    assert result.peak_memory_mb > 1
    assert result.losses == result.history[-1].losses


def test_the_picture_is_float32_in_range(result: TransferResult) -> None:
    assert result.image.dtype == np.float32
    assert result.image.shape == (36, 48, 3)
    assert result.size == (48, 36)
    assert result.image.min() >= 0
    assert result.image.max() <= 1


@pytest.mark.parametrize(
    ("optimizer", "init"), [("lbfgs", "content"), ("lbfgs", "noise"), ("adam", "content"), ("adam", "style")]
)
def test_the_loss_falls_from_every_beginning(optimizer: str, init: str) -> None:
    config = small_config(optimizer=optimizer, learning_rate=None, init=init, iterations=30, record_every=0)
    result = shared_engine(config).run(CONTENT, STYLE)
    assert result.history[0].step == 0
    assert result.losses.total < result.history[0].total / 2


@pytest.mark.parametrize(
    ("content_size", "side", "size"),
    [
        ((40, 60), 48, (32, 48)),
        ((60, 40), 48, (48, 32)),
        ((50, 50), 48, (48, 48)),
        ((40, 30), None, (40, 30)),
        ((47, 31), 48, (48, 32)),
        ((64, 20), 50, (50, 16)),
        ((24, 17), 48, (48, 34)),
    ],
)
def test_the_size_is_the_content_s_aspect_at_that_side(
    content_size: tuple[int, int], side: int | None, size: tuple[int, int]
) -> None:
    config = small_config(side=side, iterations=1, optimizer="lbfgs")  # one graph for all sizes
    assert shared_engine(config).run(content_pixels(*content_size), STYLE).size == size


# ---------------------------------------------------------------- the history


@pytest.mark.parametrize(
    ("iterations", "record_every", "steps"),
    [(12, 4, [0, 4, 8, 12]), (10, 4, [0, 4, 8, 10]), (5, 1, [0, 1, 2, 3, 4, 5]), (3, 10, [0, 3]), (12, 0, [0, 12])],
)
def test_records_come_before_any_step_then_every_few_and_at_the_end(
    iterations: int, record_every: int, steps: list[int]
) -> None:
    config = small_config(iterations=iterations, record_every=record_every)
    result = shared_engine(config).run(CONTENT, STYLE)
    assert [record.step for record in result.history] == steps
    assert result.iterations == iterations


def test_record_every_0_keeps_the_first_and_the_last_of_many_steps() -> None:
    config = small_config(iterations=120, record_every=0)
    assert [record.step for record in shared_engine(config).run(CONTENT, STYLE).history] == [0, 120]


def test_levels_go_from_coarse_to_fine_with_all_steps_at_each() -> None:
    config = small_config(levels=3, iterations=4, record_every=2)
    result = shared_engine(config).run(CONTENT, STYLE)
    assert [record.side for record in result.history] == [24, 24, 34, 34, 48, 48, 48]
    assert [record.step for record in result.history] == [0, 2, 4, 6, 8, 10, 12]
    assert result.size == (48, 36)
    assert result.iterations == 12


@pytest.mark.parametrize("formulation", ["mean", "gatys"])
def test_the_total_is_the_weighted_sum_of_the_terms_in_every_record(formulation: str) -> None:
    config = small_config(formulation=formulation, content_weight=0.5, style_weight=2e-3, tv_weight=0.1)
    for record in shared_engine(config).run(CONTENT, STYLE).history:
        expected = 0.5 * record.content + 2e-3 * record.style + 0.1 * record.tv
        assert record.total == pytest.approx(expected, rel=1e-5)
        assert min(record.content, record.style, record.tv) >= 0


def test_the_first_record_is_of_the_initial_picture(engine: StyleTransfer, result: TransferResult) -> None:
    expected = as_tuple(engine.evaluate(CONTENT, CONTENT, STYLE))
    assert as_tuple(result.history[0].losses) == pytest.approx(expected, rel=1e-5)
    assert result.history[0].content == 0


def test_seconds_go_from_zero_up(result: TransferResult) -> None:
    seconds = [record.seconds for record in result.history]
    assert seconds[0] == 0
    assert seconds == sorted(seconds)
    assert seconds[-1] <= result.timings.optimize


def test_records_and_run_agree(engine: StyleTransfer, result: TransferResult) -> None:
    records, heard = engine.records(CONTENT, STYLE), list[Record]()
    taken = [(record.step, record.losses) for record in records]
    again = engine.run(CONTENT, STYLE, on_record=heard.append)
    assert taken == [(record.step, record.losses) for record in result.history]
    assert tuple(heard) == again.history


def test_the_generator_of_records_returns_the_result(engine: StyleTransfer, result: TransferResult) -> None:
    returned: list[TransferResult] = []

    def exhaust() -> Iterator[Record]:
        returned.append((yield from engine.records(CONTENT, STYLE)))

    assert len(list(exhaust())) == len(result.history)
    np.testing.assert_array_equal(returned[0].image, result.image)


def test_a_generator_left_alone_does_not_disturb_the_next_picture(
    engine: StyleTransfer, result: TransferResult
) -> None:
    records = engine.records(noise_pixels(), STYLE)
    next(records)
    next(records)
    records.close()
    np.testing.assert_array_equal(engine.run(CONTENT, STYLE).image, result.image)


# ---------------------------------------------------------------- inputs and failures


def test_takes_a_path_bytes_a_pillow_image_and_arrays_alike(
    engine: StyleTransfer, result: TransferResult, tmp_path: Path
) -> None:
    path = tmp_path / "content.png"
    path.write_bytes(png(CONTENT))
    sources: list[PictureSource] = [
        path,
        str(path),
        png(CONTENT),
        Image.fromarray(CONTENT),
        decode(CONTENT),
        decode(CONTENT).astype(float),
    ]
    for source in sources:
        np.testing.assert_array_equal(engine.run(source, png(STYLE)).image, result.image)


def test_a_picture_that_cannot_be_read_ends_the_transfer_and_not_the_engine(
    engine: StyleTransfer, result: TransferResult
) -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        engine.run(b"no picture", STYLE)
    with pytest.raises(ImageError, match="cannot be read"):
        engine.run(CONTENT, "absent.png")
    np.testing.assert_array_equal(engine.run(CONTENT, STYLE).image, result.image)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_loss_that_is_not_finite_is_an_error_that_names_the_remedy(optimizer: str) -> None:
    config = small_config(optimizer=optimizer)
    object.__setattr__(config, "style_weight", 1e38)  # beyond its bound
    engine = shared_engine(config)
    with pytest.raises(TransferError, match=r"the loss is (inf|nan) after 0 steps .* use a lower rate"):
        engine.run(CONTENT, STYLE)


@pytest.mark.parametrize("size", [(64, 1), (64, 2), (1, 1)])
def test_refuses_a_content_too_narrow_for_the_network(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError):
        shared_engine(small_config(side=None)).run(noise_pixels(*size), STYLE)
