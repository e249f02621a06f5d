"""Methods as TensorFlow graphs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf


def graph_of(method: Callable[..., Any], reduce_retracing: bool = False) -> Any:
    """The `tf.function` of a bound method.

    TensorFlow counts the traces of a method for all its objects together, and warns of too many where there are several
    engines; those of a partial function it counts apart.
    """
    return tf.function(partial(method), reduce_retracing=reduce_retracing)
