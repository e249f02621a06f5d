"""Which optimizers there are, as data: loads no TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OptimizerSpec:
    """An optimizer as data.

    Attributes:
        builder: `module:class`, called with `(height, width, learning_rate)`.
        learning_rate: its own rate, in units of the 0..255 pixel range where it has such a unit.
    """

    builder: str
    learning_rate: float


OPTIMIZERS = {
    "lbfgs": OptimizerSpec(builder="nst_engine.optimizers.lbfgs:ProjectedLBFGS", learning_rate=1.0),
    "adam": OptimizerSpec(builder="nst_engine.optimizers.adam:Adam", learning_rate=5.0),
}
