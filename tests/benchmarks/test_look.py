"""The look: Nightbrush as it is by default against the peer whose pictures are the best, by one judge: `make bench`.

The peer was run once to its end, and its losses are in `curves`; a few steps of each of its sides are timed and
multiplied. Seconds are the processor's, of all cores. Needs the extra `bench`.
"""

import statistics
from itertools import pairwise
from time import process_time
from typing import NamedTuple

import numpy as np
import pytest
import scipy.linalg

from nst_engine import StyleTransfer, TransferConfig
from nst_engine.images import resize
from nst_engine.types import Picture
from tests.benchmarks.edges import FILE, needs_edges
from tests.benchmarks.textbook import has_curve, pair

coarse_to_fine = pytest.importorskip(
    "tests.benchmarks.coarse_to_fine", reason="needs torch (pip install 'nightbrush[bench]')"
)
torch = coarse_to_fine.torch

SIDE = 256
MAKE = f"python -m tests.benchmarks.coarse_to_fine --side {SIDE}"

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.timeout(3600),
    needs_edges,
    pytest.mark.skipif(not has_curve(coarse_to_fine.NAME, SIDE), reason=f"the peer was never run; run: {MAKE}"),
]

CONFIG = TransferConfig(backbone="vgg16", weights=str(FILE), formulation="mean", side=SIDE)
"""What Nightbrush does by default, with the weights that both have."""

STEPS_A_SIDE = 5
TIMES_AS_FAST = 10


class Look(NamedTuple):
    """Seconds of the processor, and the judge's losses of the picture."""

    seconds: float
    content: float
    style: float


def seconds_of_the_peer(content: Picture, style: Picture) -> float:
    """Of all its steps, from a few at each side; what comes before and between them is left out.

    On one thread: where PyTorch's wait for each other they count as busy, so that more would only cost it seconds.
    """
    seconds, threads = 0.0, torch.get_num_threads()
    torch.set_num_threads(1)
    for steps, scale in coarse_to_fine.scales(content, style):
        clock = []
        for _ in range(2 + STEPS_A_SIDE):
            scale.step()
            clock.append(process_time())
        seconds += steps * statistics.median(after - before for before, after in pairwise(clock[1:]))
    torch.set_num_threads(threads)
    return seconds


def look_of_nightbrush(content: Picture, style: Picture) -> Look:
    """Of a whole run, from the making of the engine on."""
    started = process_time()
    picture = StyleTransfer(CONFIG).run(content, style).image
    seconds = process_time() - started
    terms = coarse_to_fine.judge(content, style, SIDE)(picture)
    return Look(seconds, terms.content, terms.style)


@pytest.fixture(scope="module")
def looks() -> dict[str, Look]:
    pictures, last = pair(SIDE), coarse_to_fine.read_figures(SIDE)[-1]
    found = {
        "Nightbrush": look_of_nightbrush(*pictures),
        "the peer": Look(seconds_of_the_peer(*pictures), last.content, last.style),
    }
    print(table(found))  # noqa: T201  # a benchmark's result
    return found


def table(looks: dict[str, Look]) -> str:
    """Markdown, for the README."""
    rows = (f"| {name} | {look.seconds:.4g} | {look.content:.4g} | {look.style:.4g} |" for name, look in looks.items())
    return "\n".join((f"\n| {SIDE} px | CPU seconds | content | style |", "|---|---|---|---|", *rows))


def test_the_peer_was_run_to_its_end() -> None:
    taken = {figures.side: figures.step for figures in coarse_to_fine.read_figures(SIDE)}
    assert taken == {128: 1000, 181: 500, 256: 500}, f"run it to its end: {MAKE}"


def test_the_figures_are_those_of_the_losses_as_they_are_now() -> None:
    content, style = pair(SIDE)
    first = coarse_to_fine.read_figures(SIDE)[0]
    terms = coarse_to_fine.judge(content, style, first.side)(resize(content, first.side, first.side))
    assert (first.step, first.content) == (0, 0)
    assert first.style == pytest.approx(terms.style, rel=1e-3), f"make the figures anew: {MAKE}"


def test_the_peer_measures_how_far_gaussians_are_apart() -> None:
    values = np.random.default_rng(0).normal(size=(2, 6, 81)) * [[[1.0]], [[3.0]]] + [[[0.0]], [[1.0]]]
    picture, target = (coarse_to_fine.gaussian(torch.tensor(F).reshape(1, 6, 9, 9)) for F in values)
    S1, S2 = (np.cov(F, bias=True) + coarse_to_fine.NOISE * np.eye(6) for F in values)
    half = scipy.linalg.sqrtm(S1)
    covariances = np.trace(S1 + S2 - 2 * scipy.linalg.sqrtm(half @ S2 @ half).real)
    means = np.sum((values[0].mean(1) - values[1].mean(1)) ** 2)
    distance = coarse_to_fine.wasserstein(picture, target, coarse_to_fine.root(target.covariance))
    assert float(distance) == pytest.approx((means + covariances) / 6, rel=1e-6)


def test_nightbrush_keeps_no_less_of_the_content(looks: dict[str, Look]) -> None:
    assert looks["Nightbrush"].content <= looks["the peer"].content


def test_nightbrush_comes_no_less_near_to_the_style(looks: dict[str, Look]) -> None:
    assert looks["Nightbrush"].style <= looks["the peer"].style


def test_nightbrush_takes_a_tenth_of_the_seconds(looks: dict[str, Look]) -> None:
    assert looks["Nightbrush"].seconds * TIMES_AS_FAST <= looks["the peer"].seconds
