"""Seconds to the loss that the textbook's recipe ends at, by Nightbrush and by others, side by side: `make bench`.

Nightbrush is run to that loss. Of the others, a step is timed, once what they remember is full, and multiplied by the
steps that their curves in `curves` say they need. What is in PyTorch needs the extra `bench`.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from time import perf_counter

import numpy as np
import pytest

from nst_engine import StyleTransfer
from nst_engine.types import Picture
from tests.benchmarks.edges import needs_edges
from tests.benchmarks.processor import has_amx, machine
from tests.benchmarks.textbook import CONFIG, SIDES, STEPS, Textbook, has_curve, pair, pixels, read_curve

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(4 * 3600), needs_edges]

COMMAND = "pytest tests/benchmarks/test_quality.py -m benchmark -s"
ROUNDS, STEPS_A_ROUND = 3, 5
PEERS = ("textbook-torch", "textbook-torch-bfloat16", "tutorial", "neural-style-pt")
PROJECTED = ("projected", "projected-bfloat16")
REMEMBERED = {"neural-style-pt": 100, "projected": 20, "projected-bfloat16": 20}
"""Steps that L-BFGS remembers. Before there are so many, a step is cheaper than most of those that it stands for."""

SAME_CURVE = {"textbook-torch": "textbook", "textbook-torch-bfloat16": "textbook"}
"""The textbook's recipe is the same in PyTorch."""


@dataclass(frozen=True)
class Contender:
    """What is timed.

    Attributes:
        steps: how many it needs to the goal.
        reaches: whether it comes there; where not, these are all its steps.
        seconds: of each step that was timed, or the mean of each run.
    """

    steps: int
    reaches: bool = True
    seconds: list[float] = field(default_factory=list)

    def to_goal(self) -> float:
        """Seconds to the goal."""
        return self.steps * statistics.median(self.seconds)

    def row(self, name: str, nightbrush: "Contender") -> str:
        """Its line in a table of Markdown."""
        median, least, most = statistics.median(self.seconds), min(self.seconds), max(self.seconds)
        more = "" if self.reaches else "more than "
        return (
            f"| {name} | {more}{self.steps} | {median:.3g} ({least:.3g} to {most:.3g}) | {more}{self.to_goal():.4g} "
            f"| {more}{self.to_goal() / nightbrush.to_goal():.1f} |"
        )


def stepping(name: str, content: Picture, style: Picture) -> Callable[[], object]:
    """A step of the recipe of that name; it is over when the call returns."""
    if name == "textbook":
        textbook = Textbook(content, style)
        return lambda: textbook.step().numpy()
    from tests.benchmarks.peers import started  # torch may not be installed

    return started(name, content, style).step


def needed(name: str, side: int, goal: float) -> Contender:
    """A recipe with the steps that its curve says, to the first that is no worse than the goal."""
    curve = read_curve(SAME_CURVE.get(name, name), side)
    enough = [step for step, total in curve.items() if total <= goal]
    if name == "textbook" or name in SAME_CURVE:
        return Contender(STEPS)
    return Contender(enough[0]) if enough else Contender(max(curve), reaches=False)


def steps_to(goal: float, engine: StyleTransfer, content: Picture, style: Picture) -> int:
    """Steps of a transfer until its loss is no worse than the goal."""
    watched = engine.with_config(engine.config.replace(record_every=1))
    return next(record.step for record in watched.records(content, style) if record.total <= goal)


def seconds_of(engine: StyleTransfer, content: Picture, style: Picture, goal: float) -> float:
    """Seconds of a transfer that ends at the goal, all that goes before and after its steps included."""
    started = perf_counter()
    result = engine.run(content, style)
    seconds = perf_counter() - started
    assert result.losses.total <= goal
    return seconds


@pytest.fixture(scope="module", params=SIDES)
def race(request: pytest.FixtureRequest) -> dict[str, Contender]:
    """All that can be timed here, one after the other in each round."""
    side = request.param
    if not has_curve("textbook", side):
        pytest.skip(f"no curve at {side} px; run: python -m tests.benchmarks.textbook --side {side}")
    goal = read_curve("textbook", side)[STEPS]
    content, style = pair(side)
    engine = StyleTransfer(CONFIG.replace(side=side))
    taken = steps_to(goal, engine, content, style)
    ours = engine.with_config(engine.config.replace(iterations=taken))
    peers = [name for name in (*PEERS, *PROJECTED) if has_curve(SAME_CURVE.get(name, name), side)]
    names = ("textbook", *(peers if find_spec("torch") else ()))
    steps = {name: stepping(name, content, style) for name in names}
    for name, step in steps.items():
        for _ in range(REMEMBERED.get(name, 2)):
            step()
    contenders = {name: needed(name, side, goal) for name in names} | {"Nightbrush": Contender(taken)}
    for _ in range(ROUNDS):
        contenders["Nightbrush"].seconds.append(seconds_of(ours, content, style, goal) / taken)
        for name, step in steps.items():
            for _ in range(STEPS_A_ROUND):
                started = perf_counter()
                step()
                contenders[name].seconds.append(perf_counter() - started)
    print(table(side, goal, contenders))  # noqa: T201  # a benchmark's result
    return contenders


def table(side: int, goal: float, contenders: dict[str, Contender]) -> str:
    """Markdown, for the README."""
    rows = (contender.row(name, contenders["Nightbrush"]) for name, contender in contenders.items())
    return "\n".join(
        (
            f"\n{machine()}; `{COMMAND}`\n",
            f"| {side} px | steps to the loss {goal:.4g} | seconds a step (range) | seconds | times Nightbrush's |",
            "|---|---|---|---|---|",
            *rows,
        )
    )


def require(race: dict[str, Contender], name: str, ratio: float) -> None:
    """Nightbrush reaches the goal so many times as fast as the recipe of that name, where there is AMX."""
    if name not in race:
        pytest.skip(f"needs torch (pip install 'nightbrush[bench]') and the curve of {name}: see README.md")
    measured = race[name].to_goal() / race["Nightbrush"].to_goal()
    if not has_amx():
        pytest.skip(f"this processor has no AMX: Nightbrush is {measured:.1f} times as fast as {name}")
    assert measured >= ratio


@pytest.mark.parametrize("side", SIDES)
def test_the_textbook_computes_the_same_loss(side: int) -> None:
    content, style = pair(side)
    noise = np.random.default_rng(0).random(content.shape, dtype=np.float32)
    textbook, engine = Textbook(content, style), StyleTransfer(CONFIG.replace(side=side, precision="float32"))
    for picture in (content, style, noise):
        total = engine.evaluate(picture, content, style).total
        assert float(textbook.total(pixels(picture))) == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("side", SIDES)
def test_the_curves_are_those_of_the_losses_as_they_are_now(side: int) -> None:
    content, style = pair(side)
    total = float(Textbook(content, style).total(pixels(content)))
    for name in filter(lambda name: has_curve(name, side), ("textbook", *PEERS[2:], *PROJECTED)):
        assert read_curve(name, side)[0] == pytest.approx(total, rel=1e-3), f"make the curve of {name} anew"


def test_nightbrush_is_twenty_five_times_as_fast_as_the_textbook(race: dict[str, Contender]) -> None:
    require(race, "textbook", 25)


@pytest.mark.parametrize("name", PEERS)
def test_nightbrush_is_ten_times_as_fast_as_the_recipes_of_its_peers(race: dict[str, Contender], name: str) -> None:
    require(race, name, 10)


@pytest.mark.parametrize("name", PROJECTED)
def test_nightbrush_is_two_and_a_half_times_as_fast_as_projected_lbfgs_in_pytorch(
    race: dict[str, Contender], name: str
) -> None:
    require(race, name, 2.5)
