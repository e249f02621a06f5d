"""The factor on the loss that keeps float16 gradients in range (Micikevicius et al., 2018)."""

import tensorflow as tf

from nst_engine.optimizers.base import finite
from nst_engine.types import Tensor

_FACTOR, _STEPS_TO_RISE = 2.0, 200
_LEAST = 2.0**-40
"""The least scale: if a gradient is not finite below it, the scale is not the cause."""


class LossScale:
    """A loss scale that halves after a gradient that is not finite, and doubles after 200 finite ones in a row."""

    def __init__(self) -> None:
        self.value = tf.Variable(1.0, name="loss_scale")
        self._finite_steps = tf.Variable(0, name="finite_steps")

    def start(self, value: float) -> None:
        """Begin with that scale."""
        self.value.assign(value)
        self._finite_steps.assign(0)

    def adapt(self, total: Tensor, gradient: Tensor) -> Tensor:
        """Adapt the scale to a total and its scaled gradient, as a part of a graph.

        Returns:
            True if the scale was too large, so that another evaluation is worthwhile; a boolean scalar tensor.
        """
        overflowed = tf.math.is_finite(total) & ~finite(gradient) & (self.value > _LEAST)
        self._finite_steps.assign(tf.where(overflowed, 0, self._finite_steps + 1))
        if overflowed:
            self.value.assign(self.value / _FACTOR)
        elif self._finite_steps % _STEPS_TO_RISE == 0:
            self.value.assign(self.value * _FACTOR)
        return overflowed
