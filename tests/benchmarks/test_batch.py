"""What a batch costs besides its pairs, once the server and the network are loaded: `make bench`."""

from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from flows.batch import stylize_batch
from nst_engine import TransferConfig
from nst_engine.images import save
from tasks.summary import read_results

pytestmark = pytest.mark.benchmark


def test_forty_pairs_spend_at_most_a_tenth_of_the_flow_outside_reading_engine_and_writing(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for side, count in (("contents", 8), ("styles", 5)):
        for number in range(count):
            save(generator.random((384, 512, 3), dtype=np.float32), tmp_path / side / f"{number}.jpg")
    config = TransferConfig(backbone="tiny", weights="random", side=256, iterations=20)
    places = {"content": str(tmp_path / "contents"), "style": str(tmp_path / "styles"), "output": str(tmp_path / "out")}
    stylize_batch(**places | {"output": str(tmp_path / "warm-up")}, config=config.replace(iterations=1))
    started = perf_counter()
    state = stylize_batch(**places, config=config, return_state=True)
    wall = perf_counter() - started
    rows = read_results((tmp_path / "out" / "results.csv").read_bytes())
    inside = sum(row.seconds_total or 0.0 for row in rows)
    print(f"\n{len(rows)} pairs, flow {wall:.1f} s, inside pairs {inside:.1f} s, outside {1 - inside / wall:.1%}")  # noqa: T201  # a benchmark's result
    assert state.is_completed()
    assert len(rows) == 40
    assert wall - inside <= 0.1 * wall
