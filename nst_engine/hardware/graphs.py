"""Methods as TensorFlow graphs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import tensorflow as tf
from tensorflow.python.framework.ops import gradient_registry

from nst_engine.types import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])

_WHERE = ("Graph execution error", "Detected at node", "File ", "<stack traces", " ", "\t")
"""How those lines of a graph's error begin that say where in it."""


def graph_of(method: Callable[..., Any], compiled: bool = False) -> Any:
    """The `tf.function` of a bound method, perhaps compiled by XLA.

    TensorFlow counts the traces of a method for all its objects together, and warns of too many where there are several
    engines; those of a function made here it counts apart.
    """

    def traced(*arguments: Any) -> Any:
        with _custom_gradients_dropped():
            return method(*arguments)

    return tf.function(traced, jit_compile=compiled or None)


@contextmanager
def _custom_gradients_dropped() -> Iterator[None]:
    """Trace a graph within; what TensorFlow would keep of it for ever is dropped.

    Each use of `tf.custom_gradient` in a graph is registered under a new name and holds the graph: some 30 MB for that
    of a transfer. The tape by which gradients are taken does not look there.
    """
    before = set(gradient_registry.list())
    try:
        yield
    finally:
        for name in {*gradient_registry.list()} - before:
            if name.startswith("CustomGradient-"):
                gradient_registry._registry.pop(name, None)  # there is no public way


def graph_of_any_size(method: Callable[..., Any]) -> Callable[..., Any]:
    """A bound method as a graph that is traced once for pictures of all sizes."""
    graph = graph_of(method)

    def call(*arguments: Any) -> Any:
        return graph.get_concrete_function(*of_any_size(arguments))(*arguments)

    return call


def of_any_size(tensors: Any) -> Any:
    """What tensors such as these may be for pictures of any size, in the same structure.

    Those of four dimensions are pictures, features and masks, [1, height, width, channels]; no other's shape follows
    from the size.
    """
    return tf.nest.map_structure(_of_any_size, tensors)


def straight(function: Function) -> Function:
    """Mark what has no branch or loop that depends on a tensor: AutoGraph need not read it, which takes 20 ms each."""
    marked: Function = tf.autograph.experimental.do_not_convert(function)
    return marked


def _of_any_size(tensor: Tensor) -> tf.TensorSpec:
    shape = [*tensor.shape[:1], None, None, *tensor.shape[3:]] if tensor.shape.rank == 4 else tensor.shape
    return tf.TensorSpec(shape, tensor.dtype)


def reason_of(error: tf.errors.OpError) -> str:
    """The line of a graph's error that says why, which comes after those that say where."""
    lines = str(error.message).splitlines()
    return next((line for line in lines if line and not line.startswith(_WHERE)), "no reason is given")
