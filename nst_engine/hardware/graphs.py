"""Turn methods into TensorFlow graphs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import tensorflow as tf
from tensorflow.python.framework.ops import gradient_registry

from nst_engine.types import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])

_WHERE = ("Graph execution error", "Detected at node", "File ", "<stack traces", " ", "\t")
"""Beginnings of the lines of a graph's error that say where it happened, not why."""


def graph_of(method: Callable[..., Any], compiled: bool = False) -> Any:
    """The `tf.function` of a bound method, compiled by XLA if `compiled`.

    TensorFlow counts the traces of a method over all its objects, and with several engines warns that they are too
    many. Each function made here has a count of its own.
    """

    def traced(*arguments: Any) -> Any:
        with _drop_custom_gradients():
            return method(*arguments)

    return tf.function(traced, jit_compile=compiled or None)


@contextmanager
def _drop_custom_gradients() -> Iterator[None]:
    """Unregister the custom gradients of a graph traced inside, so that the graph can be freed.

    TensorFlow registers each use of `tf.custom_gradient` for ever, and the entry holds the graph: some 30 MB for a
    transfer. Gradient tapes do not use the registry.
    """
    before = set(gradient_registry.list())
    try:
        yield
    finally:
        for name in {*gradient_registry.list()} - before:
            if name.startswith("CustomGradient-"):
                gradient_registry._registry.pop(name, None)  # TensorFlow has no public way


def graph_of_any_size(method: Callable[..., Any]) -> Callable[..., Any]:
    """A bound method as a graph, traced once for pictures of all sizes."""
    graph = graph_of(method)

    def call(*arguments: Any) -> Any:
        return graph.get_concrete_function(*of_any_size(arguments))(*arguments)

    return call


def of_any_size(tensors: Any) -> Any:
    """Specifications of tensors like these for pictures of any size, in the same structure.

    Tensors of four dimensions are pictures, features and masks, [1, height, width, channels]; the shapes of others do
    not depend on the size.
    """
    return tf.nest.map_structure(_of_any_size, tensors)


def straight(function: Function) -> Function:
    """Skip AutoGraph, 20 ms each, for a function in which no branch or loop depends on a tensor."""
    marked: Function = tf.autograph.experimental.do_not_convert(function)
    return marked


def _of_any_size(tensor: Tensor) -> tf.TensorSpec:
    shape = [*tensor.shape[:1], None, None, *tensor.shape[3:]] if tensor.shape.rank == 4 else tensor.shape
    return tf.TensorSpec(shape, tensor.dtype)


def reason_of(error: tf.errors.OpError) -> str:
    """The first line of a graph's error that says why it happened."""
    lines = str(error.message).splitlines()
    return next((line for line in lines if line and not line.startswith(_WHERE)), "no reason is given")
