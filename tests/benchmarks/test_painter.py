"""Painters against optimization: a picture's seconds, a batch's rate, and both under a referee: `make bench`.

The painter that is judged learns for the better part of an hour; the others have learned nothing, which takes as long.
"""

from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pytest

from nst_engine import Judge, Painter, Referee, StyleTransfer, TransferConfig
from nst_engine.images import decode, resize, save
from nst_engine.painting.network import first_parameters
from nst_engine.types import Picture
from tasks.making.painters import PainterSpec, painter_key
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.samples.sample_pictures import write_demo
from tasks.storage import open_storage
from tasks.storage.local import LocalStorage

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3 * 3600)]

CONFIG = TransferConfig(backbone="vgg16", weights="packaged", method="paint")
TIMES_AS_FAST, PICTURES_A_SECOND = 150, 1
MOST_CONTENT, MOST_STYLE = 1.5, 0.5
REFEREE = Referee(backbone="vgg16", weights="packaged")
LEARNED_FROM, HELD_OUT = ("cat", "coffee", "rocket"), ("astronaut",)


def ignorant(config: TransferConfig = CONFIG) -> Painter:
    """A painter that has learned nothing."""
    weights = StyleTransfer(config).weights_sha256
    return Painter(
        parameters=first_parameters(0), config=config.lessons, style_sha256="", weights_sha256=weights, history=()
    )


def quarters(picture: Picture) -> list[Picture]:
    """The four quarters of a picture, and itself."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    corners = product((0, height), (0, width))
    return [picture, *(picture[top : top + height, left : left + width] for top, left in corners)]


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder with sample photographs in `c` and a sample painting in `s`."""
    places = LocalStorage(tmp_path / "c"), LocalStorage(tmp_path / "s")
    write_demo(*places, (*LEARNED_FROM, *HELD_OUT), ("swirls",))
    return tmp_path


def test_painting_takes_a_small_part_of_the_seconds_of_optimizing(samples: Path) -> None:
    content, style = samples / "c" / "astronaut.jpg", samples / "s" / "swirls.png"
    painter, engine = ignorant(), StyleTransfer(CONFIG.replace(method="optimize"))
    optimized = engine.run(content, style).seconds
    clock = []
    for _ in range(6):
        started = perf_counter()
        painter.paint(content)
        clock.append(perf_counter() - started)
    ratio = optimized / median(clock[1:])
    print(f"\noptimized in {optimized:.1f} s, painted in {median(clock[1:]):.3f} s: {ratio:.0f} times as fast")  # noqa: T201  # a benchmark's result
    assert ratio >= TIMES_AS_FAST


def test_pairs_are_read_painted_evaluated_and_written_at_a_steady_rate(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for number in range(25):
        coarse = generator.random((12, 16, 3), dtype=np.float32)
        save(resize(coarse, 512, 384), tmp_path / "c" / f"{number}.jpg")
    save(resize(generator.random((64, 64, 3), dtype=np.float32), 512, 512), tmp_path / "s" / "style.png")
    places = {name: str(tmp_path / name[0]) for name in ("content", "style", "output")}
    job = Job(**places, config=CONFIG)
    (style,) = open_storage(job.style).list()
    key = painter_key(PainterSpec(style=style, config=CONFIG.lessons), job)
    open_storage(job.output).write(key, ignorant().to_bytes())
    pairs = [PairSpec(content=each, style=style, backbone="vgg16") for each in open_storage(job.content).list()]
    first, *others = pairs
    stylize_pair(first, job)
    started = perf_counter()
    rows = [stylize_pair(pair, job) for pair in others]
    rate = len(rows) / (perf_counter() - started)
    print(f"\n{len(rows)} pictures of 512 px, {rate:.2f} a second")  # noqa: T201  # a benchmark's result
    assert {row.status for row in rows} == {"completed"}
    assert rate >= PICTURES_A_SECOND


def test_what_is_painted_is_judged_beside_what_is_optimized(samples: Path) -> None:
    style, config = samples / "s" / "swirls.png", CONFIG.replace(side=256, updates=4000)
    photographs = [part for name in LEARNED_FROM for part in quarters(decode(samples / "c" / f"{name}.jpg"))]
    painter, judge = Painter.learn(style, photographs, config), Judge(REFEREE)
    engine = StyleTransfer(config.replace(method="optimize"))
    for name in HELD_OUT:
        content = samples / "c" / f"{name}.jpg"
        one, other = (
            judge.distances(picture, content, style)
            for picture in (painter.paint(content), engine.run(content, style).image)
        )
        print(f"\n{name}: painted {one}, optimized {other}")  # noqa: T201  # a benchmark's result
        assert one.content <= MOST_CONTENT * other.content
        assert one.style <= MOST_STYLE
