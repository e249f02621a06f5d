"""Which optimizers there are, as data: loads no TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OptimizerSpec:
    """An optimizer as data.

    Attributes:
        builder: `module:function`, called with the height and width of the picture, or with nothing for any.
        learning_rate: its own rate.
        pictures: float32 pictures that would fill the memory of its state and of a step's working copies, as measured
            for large ones; `lbfgs` remembers more of small ones, in 256 MB at most.
        fallback: name of the optimizer that takes over where this one keeps diverging; None is to give up.
        any_size: whether it serves pictures of any size, one after the other.
    """

    builder: str
    learning_rate: float
    pictures: int
    fallback: str | None = None
    any_size: bool = False


OPTIMIZERS = {
    "lbfgs": OptimizerSpec(
        builder="nst_engine.optimizers.lbfgs:ProjectedLBFGS",
        learning_rate=1.0,
        pictures=51,
        fallback="adam",
        any_size=True,
    ),
    "adam": OptimizerSpec(builder="nst_engine.optimizers.first_order:adam", learning_rate=5.0, pictures=28),
    "adamw": OptimizerSpec(builder="nst_engine.optimizers.first_order:adamw", learning_rate=5.0, pictures=28),
    "lamb": OptimizerSpec(builder="nst_engine.optimizers.first_order:lamb", learning_rate=0.05, pictures=28),
}
