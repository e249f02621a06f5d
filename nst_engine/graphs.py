"""Methods as TensorFlow graphs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf

_WHERE = ("Graph execution error", "Detected at node", "File ", "<stack traces", " ", "\t")
"""How those lines of a graph's error begin that say where in it."""


def graph_of(method: Callable[..., Any], reduce_retracing: bool = False, compiled: bool = False) -> Any:
    """The `tf.function` of a bound method, perhaps compiled by XLA.

    TensorFlow counts the traces of a method for all its objects together, and warns of too many where there are several
    engines; those of a partial function it counts apart.
    """
    return tf.function(partial(method), reduce_retracing=reduce_retracing, jit_compile=compiled or None)


def reason_of(error: tf.errors.OpError) -> str:
    """The line of a graph's error that says why, which comes after those that say where."""
    lines = str(error.message).splitlines()
    return next((line for line in lines if line and not line.startswith(_WHERE)), "no reason is given")
