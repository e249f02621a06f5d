"""Painters of a batch: learned once for a style, kept in the output, and used by all its pairs."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_engine import Painter, PainterError
from nst_engine.images import decode
from tasks.interruption import InterruptedPairError, interruption
from tasks.local_state import state_folder
from tasks.making import painters
from tasks.making.painters import PainterSpec, is_learned, learn_painter, needed_painters, painter_key
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tests.tasks.studio import CONFIG, a_job, a_pair, entries, output_of, paint

PAINT = CONFIG.replace(method="paint", updates=4)
PAIR = a_pair()
SPEC = PainterSpec(style=PAIR.style, config=PAINT.lessons)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job over nine contents and one style, to be painted."""
    for seed in range(8):
        paint(tmp_path / "contents" / f"hill{seed}.png", seed)
    return a_job(tmp_path, PAINT)


def no_lines(_line: str) -> None:
    """Drop a line."""


def painter_file(job: Job) -> Path:
    return Path(job.output, painter_key(SPEC, job))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The learnings that begin from now on, by the checkpoint that each goes on from."""
    seen: list[Any] = []
    learn = Painter.learn_by

    def learn_by(engine: Any, style: Any, photographs: Any, on_progress: Any, resume: Any, starts: Any) -> Painter:
        seen.append(resume)
        return learn(engine, style, photographs, on_progress, resume, starts)

    monkeypatch.setattr(Painter, "learn_by", learn_by)
    return seen


def test_pairs_of_one_style_and_configuration_need_one_painter() -> None:
    pairs = [a_pair(content, style) for style in ("wave.png", "b/swirl.jpg") for content in ("lake.png", "hill.png")]
    strong = replace(pairs[0], overrides=(("strength", 0.9),))
    wide = replace(pairs[0], overrides=(("side", 48),))
    optimized = replace(pairs[0], overrides=(("method", "optimize"),))
    job = Job(content="c", style="s", output="o", config=PAINT)
    found = list(needed_painters([*pairs, strong, wide, optimized], job))
    assert [(spec.name, spec.config.side) for spec in found] == [
        ("tiny/wave", 32),
        ("tiny/swirl", 32),
        ("tiny/wave", 48),
    ]


def test_a_pair_is_painted_by_a_painter_that_learns_once_and_stays(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    learned = counted(monkeypatch)
    rows = [stylize_pair(a_pair(f"hill{index}.png"), job) for index in range(3)]
    assert [(row.status, row.error) for row in rows] == [("completed", None)] * 3
    assert learned == [None]
    assert is_learned(SPEC, job)
    assert painter_file(job).name.startswith("wave~")
    assert rows[0].iterations == 0
    assert rows[0].style_loss is not None
    assert rows[0].style_loss > 0
    assert stylize_pair(a_pair("hill0.png"), job).status == "skipped"


def test_what_is_painted_is_what_the_file_paints(job: Job) -> None:
    row = stylize_pair(PAIR, job)
    painted = Painter.load(painter_file(job)).paint(Path(job.content, "lake.png"))
    assert painted.shape == (24, 32, 3)
    assert np.abs(decode(row.output) - painted).max() < 1 / 255


def test_a_page_beside_the_painter_shows_strengths_and_curves(job: Job) -> None:
    learn_painter(SPEC, job, no_lines)
    page = painter_file(job).with_suffix(".html").read_text(encoding="utf-8")
    assert "Painter of tiny/wave" in page
    assert page.count("<img") == 1 + 3 * 6
    assert page.count("<svg") == 3


def test_refined_pairs_and_other_strengths_share_the_painter(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    learned = counted(monkeypatch)
    variants: list[tuple[tuple[str, object], ...]] = [(), (("refine", 2),), (("strength", 0.9),)]
    rows = [stylize_pair(a_pair(overrides=each, title=f"v{index}"), job) for index, each in enumerate(variants)]
    assert [row.iterations for row in rows] == [0, 2, 0]
    assert len({row.output_sha256 for row in rows}) == len({row.fingerprint for row in rows}) == 3
    assert len(learned) == 1


def test_a_changed_style_or_configuration_is_learned_anew_and_more_contents_are_not(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = counted(monkeypatch)
    stylize_pair(PAIR, job)
    paint(Path(job.content, "more.png"), 77)
    stylize_pair(a_pair("more.png"), job)
    assert len(learned) == 1
    paint(Path(job.style, "wave.png"), 99, 40, 40)
    stylize_pair(PAIR, job)
    assert len(learned) == 2
    stylize_pair(PAIR, replace(job, config=PAINT.replace(style_weight=3.0)))
    assert len(learned) == 3
    assert len(list(painter_file(job).parent.glob("*.npz"))) == 3


@pytest.mark.parametrize(("deterministic", "updates"), [(False, 2), (True, 8)])
def test_a_further_style_starts_from_the_painter_that_is_there_unless_bytes_must_not_depend_on_it(
    job: Job, deterministic: bool, updates: int
) -> None:
    paint(Path(job.style, "swirl.png"), 6, 40, 40)
    config = PAINT.replace(updates=8, deterministic=deterministic).lessons
    first, second = (PainterSpec(style=each, config=config) for each in entries("wave.png", "swirl.png"))
    assert learn_painter(first, job, no_lines).history[-1].update == 8
    assert learn_painter(second, job, no_lines).history[-1].update == updates


def test_a_learning_that_was_interrupted_goes_on_and_gives_the_same_painter(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = a_job(tmp_path / "other", PAINT)
    undisturbed = replace(undisturbed, content=job.content, style=job.style)
    learn_painter(SPEC, undisturbed, no_lines)
    resumed = counted(monkeypatch)
    monkeypatch.setattr(painters, "LOG_SECONDS", 0.0)

    def stop(line: str) -> None:
        if "2 of 4 updates" in line:
            interruption.set()

    with pytest.raises(InterruptedPairError):
        learn_painter(SPEC, job, stop)
    interruption.clear()
    assert len(list((state_folder() / "checkpoints").iterdir())) == 1
    learn_painter(SPEC, job, no_lines)
    assert [checkpoint is None for checkpoint in resumed] == [True, False]
    assert painter_file(job).read_bytes() == painter_file(undisturbed).read_bytes()
    assert list((state_folder() / "checkpoints").iterdir()) == []


def test_a_line_tells_updates_time_left_and_figures(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(painters, "LOG_SECONDS", 0.0)
    learn_painter(SPEC, job, lines.append)
    assert re.match(r"learn tiny/wave: 1 of 4 updates, (\d min )?[\d.]+ s left, ", lines[1])
    assert " left, on held-out photographs content " in lines[1]


def test_a_pair_whose_painter_could_not_learn_fails_for_that_reason(job: Job) -> None:
    row = stylize_pair(PAIR, replace(job, unlearned={painter_key(SPEC, job): "no light"}))
    assert (row.status, row.error) == ("failed", "no light")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda data: data[:1000], "is damaged or none: .*; delete it and learn it again"),
        (lambda _data: b"nothing", "is damaged or none"),
    ],
)
def test_a_damaged_painter_costs_its_rows(job: Job, harm: Callable[[bytes], bytes], words: str) -> None:
    learn_painter(SPEC, job, no_lines)
    painter_file(job).write_bytes(harm(painter_file(job).read_bytes()))
    with pytest.raises(PainterError, match=words):
        learn_painter(SPEC, job, no_lines)
    assert stylize_pair(PAIR, job).status == "failed"


def test_a_painter_of_something_else_is_told_from_the_one_that_is_wanted(job: Job) -> None:
    painter = learn_painter(SPEC, job, no_lines)
    other = replace(SPEC, config=SPEC.config.replace(side=48))
    output_of(job).write(painter_key(other, job), painter.to_bytes())
    with pytest.raises(PainterError, match=r"has learned with side=32, not 48; delete it to learn anew"):
        learn_painter(other, job, no_lines)


def test_three_photographs_are_too_few(tmp_path: Path) -> None:
    few = a_job(tmp_path, PAINT)
    row = stylize_pair(PAIR, few)
    assert row.status == "failed"
    assert str(row.error).startswith("1 photographs are too few to learn from; use 8 or more")


def test_contents_that_cannot_be_read_are_left_to_their_own_rows(job: Job) -> None:
    Path(job.content, "broken.jpg").write_bytes(b"\xff\xd8\xff")
    pair = PairSpec(content=entries("broken.jpg")[0], style=PAIR.style, backbone="tiny")
    assert learn_painter(SPEC, job, no_lines).history
    assert "cannot be read" in str(stylize_pair(pair, job).error)
