"""A batch that is painted: its painters learn first, in task runs of their own."""

from pathlib import Path

import pytest

from tests.flows.batches import PAIRS, batch, flow_run_of, results, task_runs_of, two_by_two
from tests.tasks.studio import CONFIG, paint

pytestmark = pytest.mark.usefixtures("prefect_api")

PAINT = CONFIG.replace(method="paint", updates=3)
LEARNED = {"learn tiny/swirl", "learn tiny/wave"}


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Ten contents, of which two are paired, two styles, and where the output goes."""
    found = two_by_two(tmp_path)
    for seed in range(8):
        paint(Path(found["content"], f"more{seed}.png"), seed + 20)
    return found


def test_painters_learn_in_task_runs_and_paint_every_pair_and_the_next_night_uses_them(places: dict[str, str]) -> None:
    include = ["content:hill*", "content:lake*", "style:*"]
    state = batch(places, config=PAINT, include=include)
    assert state.message == "4 of 4 pairs have their picture, 0 failed"
    assert [(row.pair, row.iterations) for row in results(places)] == [(pair, 0) for pair in PAIRS]
    names = set(task_runs_of(flow_run_of(places), LEARNED))
    assert names >= LEARNED
    painters = {path.name: path.read_bytes() for path in Path(places["output"], "painters").glob("*.npz")}
    assert len(painters) == 2
    again = batch(places, config=PAINT, include=[*include, "content:more0*"])
    assert again.message == "6 of 6 pairs have their picture, 0 failed"
    assert {path.name: path.read_bytes() for path in Path(places["output"], "painters").glob("*.npz")} == painters


def test_a_style_that_cannot_be_learned_costs_its_rows(places: dict[str, str]) -> None:
    for path in Path(places["content"]).glob("more*"):
        path.unlink()
    state = batch(places, config=PAINT)
    assert (state.name, state.message) == ("Failed", "0 of 4 pairs have their picture, 4 failed")
    assert {row.error for row in results(places)} == {
        "2 photographs are too few to learn from; use 8 or more of 32 pixels"
    }
    task = task_runs_of(flow_run_of(places), LEARNED)["learn tiny/wave"]
    assert task.state is not None
    assert (task.state.name, task.state.message) == ("Failed", results(places)[0].error)
