import pytest
import tensorflow as tf

from nst_engine.registry.losses import TOTAL
from nst_engine.registry.optimizers import OPTIMIZERS
from nst_engine.transfer.optimization_loop import optimizer_of
from tests.nst_engine.optimizers.quadratic import HEIGHT, SHAPE, WIDTH, Quadratic, start, stepping


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss_of_a_quadratic(name: str) -> None:
    spec = OPTIMIZERS[name]
    optimizer = optimizer_of(name, None if spec.any_size else (WIDTH, HEIGHT))
    optimizer.start(start())
    step = stepping(optimizer, Quadratic().evaluate, spec.learning_rate)
    first, *_, last = [float(step()[TOTAL]) for _ in range(60)]
    assert last < first / 2
    assert optimizer.image.shape == SHAPE
    assert optimizer.image.dtype == tf.float32
