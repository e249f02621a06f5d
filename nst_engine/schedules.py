"""How the learning rate changes over the steps of a level: pure functions of the share that is done."""

from collections.abc import Callable
from math import pi

import tensorflow as tf

from nst_engine.types import Tensor

_LAST_OF_EXPONENTIAL = 0.01


def constant(done: Tensor) -> Tensor:
    """1, whatever share of the steps is done."""
    return tf.ones_like(done)


def cosine(done: Tensor) -> Tensor:
    """Half a cosine wave from 1 to 0 (Loshchilov and Hutter, 2017, eq. 5, without restarts)."""
    return (1 + tf.cos(pi * done)) / 2


def exponential(done: Tensor) -> Tensor:
    """From 1 to 0.01 by the same factor each step."""
    return _LAST_OF_EXPONENTIAL**done


SCHEDULES: dict[str, Callable[[Tensor], Tensor]] = {
    "constant": constant,
    "cosine": cosine,
    "exponential": exponential,
}
"""By name: the share of a level's steps that is done, in [0, 1), to the factor on the learning rate."""
