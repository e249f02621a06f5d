import gc
import weakref

import pytest
import tensorflow as tf

from nst_engine.hardware.graphs import graph_of, graph_of_any_size, of_any_size, reason_of, straight
from nst_engine.types import Tensor


class Doubling:
    """Doubles a tensor."""

    def doubled(self, value: Tensor) -> Tensor:
        return 2 * value


def compiler_ir(compiled: bool) -> str:
    """XLA's code for doubling."""
    value = tf.constant([1.0, 2.0])
    ir: str = graph_of(Doubling().doubled, compiled=compiled).experimental_get_compiler_ir(value)(stage="hlo")
    return ir


def test_a_method_as_a_graph_does_the_same_compiled_or_not() -> None:
    for compiled in (False, True):
        assert graph_of(Doubling().doubled, compiled=compiled)(tf.constant(3.0)).numpy() == 6


def test_a_graph_of_any_size_is_traced_once_for_all_sizes() -> None:
    traces = []

    def brightest(pictures: dict[str, Tensor], factor: Tensor) -> Tensor:
        traces.append(pictures)
        return factor * tf.reduce_max(tf.concat(list(pictures.values()), axis=-1))

    graph = graph_of_any_size(brightest)
    for height, width in ((2, 3), (5, 4), (7, 1)):
        picture = tf.reshape(tf.range(height * width, dtype=tf.float32), [1, height, width, 1])
        assert graph({"one": picture}, tf.constant(2.0)).numpy() == 2 * (height * width - 1)
    assert len(traces) == 1
    assert graph({"one": picture, "two": 3 * picture}, tf.constant(1.0)).numpy() == 18


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def squared(value: Tensor) -> tuple[Tensor, object]:
    """A square, and the function of its gradient."""
    return value**2, lambda upstream: 2 * value * upstream


def slope(value: Tensor) -> Tensor:
    with tf.GradientTape() as tape:
        tape.watch(value)
        y = squared(value)
    return tape.gradient(y, value)


def test_a_graph_with_a_custom_gradient_is_gone_with_its_last_user() -> None:
    traced = graph_of(slope).get_concrete_function(tf.TensorSpec([]))
    assert traced(tf.constant(3.0)).numpy() == 6
    graph = weakref.ref(traced.graph)
    del traced
    gc.collect()
    assert graph() is None


def test_only_height_and_width_are_of_any_size() -> None:
    tensors = {"features": tf.zeros([2, 5, 4, 3], tf.bfloat16), "gram": tf.zeros([3, 3]), "share": tf.zeros([])}
    assert of_any_size(tensors) == {
        "features": tf.TensorSpec([2, None, None, 3], tf.bfloat16),
        "gram": tf.TensorSpec([3, 3]),
        "share": tf.TensorSpec([]),
    }


def test_autograph_skips_a_function_marked_straight() -> None:
    def absolute(value: Tensor) -> Tensor:
        if value < 0:
            return -value
        return value

    assert graph_of(absolute)(tf.constant(-3.0)).numpy() == 3
    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError):
        graph_of(straight(absolute))(tf.constant(-3.0))


def test_xla_compiles_what_it_is_asked_to_and_nothing_else() -> None:
    assert "multiply" in compiler_ir(compiled=True)
    with pytest.raises(ValueError, match="jit_compile=True"):
        compiler_ir(compiled=False)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("libdevice not found at ./libdevice.10.bc", "libdevice not found at ./libdevice.10.bc"),
        ("the device is gone\n\t [[while/body]] [Op:steps]", "the device is gone"),
        (
            "Graph execution error:\n\nDetected at node Sort defined at (most recent call last):\n"
            '<stack traces unavailable>\nFile "a.py", line 3, in sorted\n    code\nSort is not known\nThe op is:',
            "Sort is not known",
        ),
        ("Graph execution error:\n", "no reason is given"),
    ],
)
def test_the_reason_of_an_error_is_the_first_line_that_does_not_say_where(message: str, reason: str) -> None:
    assert reason_of(tf.errors.InternalError(None, None, message)) == reason
