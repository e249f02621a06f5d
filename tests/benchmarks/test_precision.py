"""What a step costs in each precision, side by side in one run: `make bench`."""

import statistics

import numpy as np
import pytest

from nst_engine import StyleTransfer, TransferConfig
from tests.benchmarks.processor import has_amx

pytestmark = pytest.mark.benchmark

STEPS, ROUNDS = 4, 5


def seconds_per_step(engine: StyleTransfer, picture: np.ndarray) -> float:
    return engine.run(picture, picture[::-1]).timings.optimize / (STEPS + 1)


@pytest.mark.parametrize("side", [256, 512])
def test_bfloat16_is_at_least_two_and_a_half_times_as_fast_as_float32_where_there_is_amx(side: int) -> None:
    picture = np.random.default_rng(0).random((side, side, 3), dtype=np.float32)
    config = TransferConfig(backbone="vgg16", weights="packaged", side=side, levels=1, iterations=STEPS, init="noise")
    engines = {name: StyleTransfer(config.replace(precision=name)) for name in ("float32", "mixed_bfloat16")}
    for engine in engines.values():
        engine.run(picture, picture[::-1])
    times = {name: [] for name in engines}
    for _ in range(ROUNDS):
        for name, engine in engines.items():
            times[name].append(seconds_per_step(engine, picture))
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["float32"] / medians["mixed_bfloat16"]
    print(f"\n{side} px, seconds a step: {medians}, float32 / bfloat16 = {ratio:.2f}, spread {times}")  # noqa: T201  # a benchmark's result
    if not has_amx():
        pytest.skip(f"this processor has no AMX: the ratio is {ratio:.2f}")
    assert ratio >= 2.5
