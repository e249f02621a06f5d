import numpy as np
import pytest

from nst_engine.optimizers.schedules import SCHEDULES
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels


@pytest.mark.parametrize(
    ("name", "factors"),
    [("constant", [1, 1, 1]), ("cosine", [1, 0.5, 0]), ("exponential", [1, 0.1, 0.01])],
)
def test_a_schedule_is_its_formula(name: str, factors: list[float]) -> None:
    assert [SCHEDULES[name](done) for done in (0.0, 0.5, 1.0)] == pytest.approx(factors)


def test_the_rate_of_a_step_follows_the_schedule() -> None:
    engine = shared_engine(small_config(optimizer="adam", learning_rate=8.0, iterations=10, schedule="cosine"))
    engine.run(content_pixels(), style_pixels())
    loop = next(reversed(engine._shared._loops._values.values()))
    last = 8 * (1 + np.cos(np.pi * 0.9)) / 2
    assert float(loop._optimizers[0]._optimizer.learning_rate) == pytest.approx(last, rel=1e-4)
