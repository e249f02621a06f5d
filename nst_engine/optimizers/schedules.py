"""Learning rate schedules over the steps of a level: pure functions of the share of the steps done."""

from collections.abc import Callable
from math import cos, pi

_LAST_OF_EXPONENTIAL = 0.01


def constant(_done: float) -> float:
    """Always 1."""
    return 1.0


def cosine(done: float) -> float:
    """Half a cosine wave from 1 to 0 (Loshchilov and Hutter, 2017, eq. 5, without restarts)."""
    return (1 + cos(pi * done)) / 2


def exponential(done: float) -> float:
    """From 1 to 0.01 by the same factor each step."""
    return float(_LAST_OF_EXPONENTIAL**done)


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "exponential": exponential,
}
"""By name, functions from the share of a level's steps done, in [0, 1), to the factor on the learning rate."""
