"""The optimization of pictures, as one traced graph."""

from pkgutil import resolve_name
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.hardware.graphs import graph_of, graph_of_any_size, of_any_size
from nst_engine.hardware.precision import Precision
from nst_engine.losses.objective import Targets
from nst_engine.optimizers.base import PixelOptimizer, finite
from nst_engine.optimizers.loss_scale import LossScale
from nst_engine.registry.losses import LOSS_NAMES, TERMS, TOTAL
from nst_engine.registry.optimizers import OPTIMIZERS
from nst_engine.types import Tensor

OPTIMIZER_SCOPE = "optimizer"
"""Name scope of the optimizers, so that a profile can find them."""

Aims = tuple[Targets, ...]
"""The targets of several pictures."""


class Evaluator(Protocol):
    """Loss terms and gradients, of pictures taken whole or tile by tile."""

    def evaluate(self, pixels: Tensor, targets: Aims, scales: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """The losses, [n, len(LOSS_NAMES)], of pixels [n, height, width, 3], and the gradients of `scale * total`."""


class Steps(NamedTuple):
    """The outcome of some steps of several pictures.

    Attributes:
        terms: the losses `LOSS_NAMES` before each step, [steps, pictures, len(LOSS_NAMES)].
        sound: True where the gradient was finite, [steps, pictures].
        scales: loss scale after each step, [steps, pictures].
        evaluations: times that the objective was evaluated.
    """

    terms: npt.NDArray[np.float32]
    sound: npt.NDArray[np.bool_]
    scales: npt.NDArray[np.float32]
    evaluations: int


class OptimizationLoop:
    """Optimizes one or more pictures of one size. The graph is traced once, by the constructor.

    Args:
        evaluator: pixels to loss terms and gradients.
        precision: says whether the loss is scaled.
        targets: example targets, for their shapes.
        size: width and height of the pictures, in pixels; None is any, which may change with each start.
        optimizers: name of each picture's optimizer.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        precision: Precision,
        targets: Aims,
        size: tuple[int, int] | None,
        optimizers: tuple[str, ...],
    ) -> None:
        self._evaluator = evaluator
        self._scaled = precision.loss_scale > 1
        self._optimizers = tuple(optimizer_of(name, size) for name in optimizers)
        self._scales = tuple(LossScale() for _ in optimizers)
        count = len(optimizers)
        self._advance = graph_of(self._steps).get_concrete_function(
            tf.TensorSpec([None, count], tf.float32),
            tf.TensorSpec([count], tf.bool),
            targets if size else of_any_size(targets),
        )
        self._norms = graph_of_any_size(self._trace_norms)

    def start(self, index: int, pixels: Tensor, loss_scale: float) -> None:
        """Begin a picture at `pixels`, [1, height, width, 3], float32, in [0, 255]."""
        self._optimizers[index].start(pixels)
        self._scales[index].start(loss_scale)

    def retreat(self, index: int) -> None:
        """Go back to the best of a picture so far, without momentum or curvature."""
        self._optimizers[index].retreat()

    def rest(self) -> None:
        """Release the memory that only unfinished pictures need."""
        for optimizer in self._optimizers:
            optimizer.rest()

    def pixels(self, index: int) -> Tensor:
        """A picture as it stands, [1, height, width, 3], float32, in [0, 255]."""
        return self._optimizers[index].image

    def candidates(self, index: int) -> tuple[Tensor, ...]:
        """The candidates from which the best becomes a picture's result."""
        return self._optimizers[index].candidates

    def advance(self, rates: npt.NDArray[np.float32], active: list[bool], targets: Aims) -> Steps:
        """Take steps on the device, without a return to Python between them.

        Args:
            rates: the learning rates of each step, [steps, pictures].
            active: which pictures take steps; the others stay as they are.
            targets: what the pictures are compared with.
        """
        terms, sound, scales, evaluations = self._advance(tf.constant(rates, tf.float32), tf.constant(active), targets)
        return Steps(terms.numpy(), sound.numpy(), scales.numpy(), int(evaluations))

    def gradient_norms(self, targets: Aims) -> npt.NDArray[np.float32]:
        """Norms of the gradients of each picture's weighted content and style terms, [pictures, 2]."""
        norms: npt.NDArray[np.float32] = self._norms(targets).numpy()
        return norms

    def _steps(self, rates: Tensor, active: Tensor, targets: Aims) -> tuple[Tensor, ...]:
        steps, count = tf.shape(rates)[0], len(targets)
        terms = tf.TensorArray(tf.float32, size=steps, element_shape=[count, len(LOSS_NAMES)])
        sound = tf.TensorArray(tf.bool, size=steps, element_shape=[count])
        scales = tf.TensorArray(tf.float32, size=steps, element_shape=[count])
        evaluations = tf.constant(0)
        for step in tf.range(steps):
            trials = tf.concat([optimizer.trial for optimizer in self._optimizers], axis=0)
            told, gradients, times = self._evaluate(trials, targets)
            before = self._tell(told, gradients, rates[step], active)
            terms = terms.write(step, before)
            sound = sound.write(step, tf.stack([finite(gradient) for gradient in tf.unstack(gradients, count)]))
            scales = scales.write(step, tf.stack([scale.value.value() for scale in self._scales]))
            evaluations += times
        return terms.stack(), sound.stack(), scales.stack(), evaluations

    def _tell(self, terms: Tensor, gradients: Tensor, rates: Tensor, active: Tensor) -> Tensor:
        before = []
        for index, optimizer in enumerate(self._optimizers):
            told = terms[index]
            if active[index]:
                with tf.name_scope(OPTIMIZER_SCOPE):
                    told = optimizer.tell(told, gradients[index : index + 1], rates[index])
            before.append(told)
        return tf.stack(before)

    def _evaluate(self, pixels: Tensor, targets: Aims) -> tuple[Tensor, Tensor, Tensor]:
        """Loss terms, gradients and the number of evaluations; repeats with a smaller loss scale on overflow."""
        if not self._scaled:
            terms, gradients = self._evaluator.evaluate(pixels, targets, tuple(tf.ones([]) for _ in targets))
            return terms, gradients, tf.constant(1)
        terms, gradients = tf.zeros([len(targets), len(LOSS_NAMES)]), tf.zeros_like(pixels)
        again, times = tf.constant(True), tf.constant(0)
        while again:
            scales = tuple(scale.value.value() for scale in self._scales)
            terms, gradients = self._evaluator.evaluate(pixels, targets, scales)
            gradients /= tf.reshape(tf.stack(scales), [-1, 1, 1, 1])
            again = tf.constant(False)
            for index, scale in enumerate(self._scales):
                again |= scale.adapt(terms[index, TOTAL], gradients[index])
            times += 1
        return terms, gradients, times

    def _trace_norms(self, targets: Aims) -> Tensor:
        pixels = tf.concat([optimizer.image for optimizer in self._optimizers], axis=0)
        norms = []
        for term in ("content", "style"):
            only = tf.constant([float(name == term) for name in TERMS])
            alone = tuple(aim._replace(weights=aim.weights * only) for aim in targets)
            _, gradients, _ = self._evaluate(pixels, alone)
            norms.append(tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3])))
        return tf.stack(norms, axis=1)


def optimizer_of(name: str, size: tuple[int, int] | None) -> PixelOptimizer:
    """A new optimizer of that name, for pictures of that width and height, or of any for None."""
    spec = OPTIMIZERS[name]
    sides = () if spec.any_size or size is None else size[::-1]
    optimizer: PixelOptimizer = resolve_name(spec.builder)(*sides)
    return optimizer
