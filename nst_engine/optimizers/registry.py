"""Which optimizers there are, as data: loads no TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OptimizerSpec:
    """An optimizer as data.

    Attributes:
        builder: `module:function`, called with the height and width of the picture.
        learning_rate: its own rate.
    """

    builder: str
    learning_rate: float


OPTIMIZERS = {
    "lbfgs": OptimizerSpec(builder="nst_engine.optimizers.lbfgs:ProjectedLBFGS", learning_rate=1.0),
    "adam": OptimizerSpec(builder="nst_engine.optimizers.first_order:adam", learning_rate=5.0),
    "adamw": OptimizerSpec(builder="nst_engine.optimizers.first_order:adamw", learning_rate=5.0),
    "lamb": OptimizerSpec(builder="nst_engine.optimizers.first_order:lamb", learning_rate=0.05),
}
