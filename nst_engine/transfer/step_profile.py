"""Where the time of a step goes, by TensorFlow's own trace of a real transfer."""

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

Convolutions have their bias and activation with them where TensorFlow fuses them; their gradients are those for what
they read. The style loss is Gram matrices, or what else it reads of features, and their gradients. The rest is pooling,
activations, the other losses, and the time in which nothing runs.
"""

_SCOPES = {STYLE_SCOPE: STYLE, OPTIMIZER_SCOPE: OPTIMIZER}
_CALLS = ("If", "PartitionedCall", "StatefulPartitionedCall", "StatelessIf", "StatelessWhile", "While")
"""Types of operations that stand for others, which the trace has too."""

_STEPS = 5
_SPAN = "nightbrush_steps"


class Share(NamedTuple):
    """What a part takes of a step, in seconds."""

    part: str
    seconds: float


class _Run(NamedTuple):
    """An operation, `name:type`, at work from `start` to `end`, in picoseconds."""

    operation: str
    start: int
    end: int


def profile(engine: StyleTransfer, content: Source, style: Source) -> tuple[Share, ...]:
    """What each of `PARTS` takes of a step at the size of the result; together they are the time of a step.

    Where operations run side by side, each has its share of the time. On a GPU its kernels count, not what starts them.

    Args:
        engine: whose configuration is looked at, its number of steps and of levels aside.
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
    """Seconds of each of `PARTS` in a trace, an `XSpace`: on GPUs where it has kernels of any, else on the CPU."""
    runs = {plane.name: list(_runs(plane)) for plane in space.planes}
    span = next(run for of_plane in runs.values() for run in of_plane if run.operation == _SPAN)
    kernels = [run for plane, of_plane in runs.items() if plane.startswith("/device:GPU") for run in of_plane]
    operations = kernels or [run for run in runs["/host:CPU"] if run.operation != _SPAN]
    return _shared(operations, span)


def part_of(operation: str) -> str:
    """The part that an operation, `name:type`, belongs to."""
    name, _, kind = operation.rpartition(":")
    scopes = [scope.rstrip("_0123456789") for scope in name.split("/")]
    if "Conv" in kind:
        return BACKWARD if "Backprop" in kind and TURNED_SCOPE not in scopes else FORWARD
    return next((_SCOPES[scope] for scope in scopes if scope in _SCOPES), REST)


def _runs(plane: Any) -> Iterator[_Run]:
    for line in plane.lines:
        for event in line.events:
            operation = _operation(plane, event)
            if operation and operation.rpartition(":")[2] not in _CALLS:
                start = line.timestamp_ns * 1000 + event.offset_ps
                yield _Run(operation, start, start + event.duration_ps)


def _operation(plane: Any, event: Any) -> str:
    """Of an event, `name:type`; the span is its own name; empty where it is neither."""
    for stat in event.stats:
        if plane.stat_metadata[stat.metadata_id].name == "tf_op":  # a GPU's kernel says what it works for
            return str(stat.str_value or plane.stat_metadata[stat.ref_value].name)
    known = plane.event_metadata[event.metadata_id]
    return str(known.name) if known.display_name or known.name == _SPAN else ""


def _shared(runs: Iterable[_Run], span: _Run) -> dict[str, float]:
    """Seconds of each part in a span. What runs side by side shares the time; the rest is also when nothing runs."""
    changes = [(span.end, REST, 0)]
    for run in runs:
        start, end = (min(max(moment, span.start), span.end) for moment in (run.start, run.end))
        part = part_of(run.operation)
        changes += [(start, part, 1), (end, part, -1)]
    seconds, running, last = dict.fromkeys(PARTS, 0.0), Counter[str](), span.start
    for moment, part, change in sorted(changes):
        busy = +running or Counter([REST])
        for at_work, count in busy.items():
            seconds[at_work] += (moment - last) * 1e-12 * count / busy.total()
        running[part] += change
        last = moment
    return seconds
