"""The optimization of pictures of one shape, as one traced graph."""

from importlib import import_module

import tensorflow as tf

from nst_engine.backbones.network import Network
from nst_engine.config import TransferConfig
from nst_engine.losses.objective import Objective, Targets
from nst_engine.optimizers.base import PixelOptimizer, finite
from nst_engine.optimizers.registry import OPTIMIZERS
from nst_engine.precision import Precision
from nst_engine.schedules import SCHEDULES
from nst_engine.tiling import Tiling
from nst_engine.types import Tensor

_SCALE_RISE, _STEPS_TO_RISE = 2.0, 200


class LossScale:
    """The factor on a loss that keeps its float16 gradients from underflowing (Micikevicius et al., 2018).

    It is halved by a gradient that is not finite and doubled by many finite ones in a row.
    """

    def __init__(self, first: float) -> None:
        self._first = first
        self.value = tf.Variable(first, name="loss_scale")
        self._finite_steps = tf.Variable(0, name="finite_steps")

    def start(self) -> None:
        """Forget what was learned."""
        self.value.assign(self._first)
        self._finite_steps.assign(0)

    def adapt(self, gradient: Tensor) -> None:
        """Learn from a gradient; part of a graph."""
        self._finite_steps.assign(tf.where(finite(gradient), self._finite_steps + 1, 0))
        if self._finite_steps == 0:
            self.value.assign(self.value / _SCALE_RISE)
        elif self._finite_steps % _STEPS_TO_RISE == 0:
            self.value.assign(self.value * _SCALE_RISE)


class Descent:
    """The optimization of pictures of one shape. Tracing happens once, when it is made.

    Args:
        network: pixels to features.
        objective: features to loss terms.
        config: names the optimizer, its schedule and the side of the gradient's tiles.
        precision: says whether the loss is scaled.
        targets: of any picture of this shape, for their shapes.
        size: width and height of the pictures, in pixels.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        config: TransferConfig,
        precision: Precision,
        targets: Targets,
        size: tuple[int, int],
    ) -> None:
        width, height = size
        self._network = network
        self._objective = objective
        self._loss_scale = LossScale(precision.loss_scale) if precision.loss_scale > 1 else None
        module, name = OPTIMIZERS[config.optimizer].builder.split(":")
        self._optimizer: PixelOptimizer = getattr(import_module(module), name)(height, width)
        tile = config.tile
        self._tiling = Tiling(network, objective, size, tile) if tile is not None and tile < max(size) else None
        self._schedule, self._iterations = SCHEDULES[config.schedule], config.iterations
        scalars = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32)
        self._advance = tf.function(self._steps).get_concrete_function(*scalars, targets)

    def start(self, pixels: Tensor) -> None:
        """Begin a picture at `pixels`, [1, height, width, 3], float32, in [0, 255]."""
        self._optimizer.start(pixels)
        if self._loss_scale is not None:
            self._loss_scale.start()

    def retreat(self) -> None:
        """Go back to the best picture so far, without momentum or curvature."""
        self._optimizer.retreat()

    def advance(self, done: int, steps: int, rate: float, targets: Targets) -> Tensor:
        """Take steps on the device, without a return to Python between them.

        Args:
            done: steps of the level that are done, for the schedule.
            steps: how many to take.
            rate: the learning rate before its schedule.
            targets: what the picture is compared with.

        Returns:
            The loss terms before each step, [steps, 4].
        """
        return self._advance(tf.constant(done), tf.constant(steps), tf.constant(rate, tf.float32), targets)

    @property
    def pixels(self) -> Tensor:
        """The picture as it stands, [1, height, width, 3], float32, in [0, 255]."""
        return self._optimizer.image

    def _steps(self, done: Tensor, steps: Tensor, rate: Tensor, targets: Targets) -> Tensor:
        terms = tf.TensorArray(tf.float32, size=steps, element_shape=[4])
        for step in tf.range(steps):
            share = tf.cast(done + step, tf.float32) / self._iterations
            taken = self._optimizer.step(lambda pixels: self._evaluate(pixels, targets), rate * self._schedule(share))
            terms = terms.write(step, taken)
        return terms.stack()

    def _evaluate(self, pixels: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
        scale = tf.constant(1.0) if self._loss_scale is None else self._loss_scale.value.value()
        terms, gradient = self._scaled(pixels, targets, scale)
        gradient /= scale
        if self._loss_scale is not None:
            self._loss_scale.adapt(gradient)
        return terms, gradient

    def _scaled(self, pixels: Tensor, targets: Targets, scale: Tensor) -> tuple[Tensor, Tensor]:
        """The loss terms, and the gradient of `scale * total`."""
        if self._tiling is not None:
            return self._tiling.evaluate(pixels, targets, scale)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            statistics = self._objective.statistics(self._network.features(pixels), targets)
            terms = self._objective.terms(pixels, statistics, targets)
            total = terms[3] * scale
        return terms, tape.gradient(total, pixels)
