"""Measure the parts of a step's time, from TensorFlow's trace of a real transfer."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from nst_engine.backbones.fast_layers import TURNED_SCOPE
from nst_engine.hardware.quiet_import import drop_native_stderr
from nst_engine.losses.gram import STYLE_SCOPE
from nst_engine.transfer.engine import StyleTransfer
from nst_engine.transfer.optimization_loop import OPTIMIZER_SCOPE
from nst_engine.transfer.pair import Source

FORWARD = "convolutions"
BACKWARD = "gradients of convolutions"
STYLE = "style loss"
OPTIMIZER = "optimizer"
REST = "the rest"

PARTS = (FORWARD, BACKWARD, STYLE, OPTIMIZER, REST)
"""The parts of a step.

Convolutions include bias and activation where TensorFlow fuses them; their gradients are those with respect to their
inputs. The style loss includes its statistics, such as Gram matrices, and their gradients. The rest is pooling,
activations, the other losses, and idle time.
"""

_SCOPES = {STYLE_SCOPE: STYLE, OPTIMIZER_SCOPE: OPTIMIZER}
_CALL_TYPES = ("If", "PartitionedCall", "StatefulPartitionedCall", "StatelessIf", "StatelessWhile", "While")
"""Types of operations that call others; the trace also has the called ones."""

_STEPS = 5
_SPAN = "nightbrush_steps"


class Share(NamedTuple):
    """The time that a part takes of a step, in seconds."""

    part: str
    seconds: float


class _Operation(NamedTuple):
    """An operation, `name:type`, that ran from `start` to `end`, in picoseconds."""

    name: str
    start: int
    end: int


def profile(engine: StyleTransfer, content: Source, style: Source) -> tuple[Share, ...]:
    """Measure the time of each of `PARTS` in a step at the size of the result; they sum to the time of a step.

    Operations that run side by side share the time. On a GPU the kernels count, not the operations that launch them.

    Args:
        engine: the engine to profile; its numbers of steps and levels are ignored.
        content, style: as for `StyleTransfer.run`.

    Raises:
        ImageError: a picture cannot be read.
        TransferError: the loss is not finite, or memory does not suffice.
    """
    config = engine.config.replace(
        levels=1, iterations=3 * _STEPS, record_every=_STEPS, snapshot_every=0, tolerance=None, time_limit=None
    )
    records = StyleTransfer(config, engine.device).records(content, style)
    next(records)  # once the graph is traced and the first steps are taken
    with TemporaryDirectory() as folder, drop_native_stderr():
        tf.profiler.experimental.start(folder)
        with tf.profiler.experimental.Trace(_SPAN):
            next(records)
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace.FromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    seconds = seconds_by_part(space)
    return tuple(Share(part, seconds[part] / _STEPS) for part in PARTS)


def seconds_by_part(space: Any) -> dict[str, float]:
    """Seconds of each of `PARTS` in a trace, an `XSpace`: on the GPUs if it has GPU kernels, else on the CPU."""
    planes = {plane.name: list(_operations(plane)) for plane in space.planes}
    span = next(each for operations in planes.values() for each in operations if each.name == _SPAN)
    kernels = [each for name, operations in planes.items() if name.startswith("/device:GPU") for each in operations]
    return _share_time(kernels or [each for each in planes["/host:CPU"] if each.name != _SPAN], span)


def part_of(operation: str) -> str:
    """The part that an operation, `name:type`, belongs to."""
    name, _, kind = operation.rpartition(":")
    scopes = [scope.rstrip("_0123456789") for scope in name.split("/")]
    if "Conv" in kind:
        return BACKWARD if "Backprop" in kind and TURNED_SCOPE not in scopes else FORWARD
    return next((_SCOPES[scope] for scope in scopes if scope in _SCOPES), REST)


def _operations(plane: Any) -> Iterator[_Operation]:
    for line in plane.lines:
        for event in line.events:
            name = _operation_name(plane, event)
            if name and name.rpartition(":")[2] not in _CALL_TYPES:
                start = line.timestamp_ns * 1000 + event.offset_ps
                yield _Operation(name, start, start + event.duration_ps)


def _operation_name(plane: Any, event: Any) -> str:
    """The operation of an event, `name:type`, or the name of the span; empty for other events."""
    for stat in event.stats:
        if plane.stat_metadata[stat.metadata_id].name == "tf_op":  # the operation that a GPU kernel belongs to
            return str(stat.str_value or plane.stat_metadata[stat.ref_value].name)
    known = plane.event_metadata[event.metadata_id]
    return str(known.name) if known.display_name or known.name == _SPAN else ""


def _share_time(operations: Iterable[_Operation], span: _Operation) -> dict[str, float]:
    """Seconds of each part in a span; operations side by side share the time, and the rest includes idle time."""
    changes = [(span.end, REST, 0)]
    for each in operations:
        start, end = (min(max(moment, span.start), span.end) for moment in (each.start, each.end))
        part = part_of(each.name)
        changes += [(start, part, 1), (end, part, -1)]
    seconds, running, last = dict.fromkeys(PARTS, 0.0), Counter[str](), span.start
    for moment, part, change in sorted(changes):
        busy = +running or Counter([REST])
        for at_work, count in busy.items():
            seconds[at_work] += (moment - last) * 1e-12 * count / busy.total()
        running[part] += change
        last = moment
    return seconds
