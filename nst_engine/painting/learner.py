"""The updates of a painter that learns, and its checks on held-out photographs."""

from collections.abc import Iterable

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.config import TransferConfig
from nst_engine.hardware.graphs import graph_of
from nst_engine.hardware.keras_settings import own_keras_settings
from nst_engine.losses.objective import Region, Targets
from nst_engine.optimizers.base import BLACK, WHITE, clip_to_box, finite
from nst_engine.painting.lessons import Lesson
from nst_engine.painting.network import Arrays, paint
from nst_engine.registry.losses import TERMS
from nst_engine.transfer.shared_state import SharedState, StyleTarget
from nst_engine.types import Tensor

_PIXELS = tf.TensorSpec([1, None, None, 3], tf.float32)
_NUMBER = tf.TensorSpec([], tf.float32)
_WEIGHTS = tf.TensorSpec([len(TERMS)], tf.float32)

_CONTENT = 4.0
"""Factor on the content weight: a network pays far more of the content for the same style than an optimization does."""


class Learner:
    """Updates the parameters of a painter by Adam (Kingma and Ba, 2015), along the gradient of the objective.

    The objective is that of a transfer, at the pixels that the network paints, clipped to the pixel box. Where a pixel
    is beyond it, the gradient counts only if it leads back.

    Args:
        shared: network, objective and their precision.
        styles: the targets of the style, from `SharedState.styles`.
        config: weighs the loss terms.
        parameters: to begin with.
    """

    @own_keras_settings()
    def __init__(
        self,
        shared: SharedState,
        styles: tuple[tuple[Region, StyleTarget], ...],
        config: TransferConfig,
        parameters: Arrays,
    ) -> None:
        self._shared, self._styles, self._config = shared, styles, config
        self._variables = {name: tf.Variable(value, name=name) for name, value in parameters.items()}
        self._optimizer = keras.optimizers.Adam()
        self._optimizer.build([*self._variables.values()])
        self._dtype = compute_dtype(shared.precision.compute_dtype)
        self._update = graph_of(self._trace_update).get_concrete_function(_PIXELS, _NUMBER, _WEIGHTS)
        self._terms = graph_of(self._trace_terms).get_concrete_function(_PIXELS, _NUMBER, _WEIGHTS)

    def update(self, lesson: Lesson, rate: float) -> None:
        """Learn from one crop, at that learning rate."""
        self._optimizer.learning_rate = rate
        self._update(tf.constant(lesson.pixels), tf.constant(lesson.strength), self._weights(lesson.strength))

    def check(self, crops: Iterable[npt.NDArray[np.float32]], strength: float = 0.5) -> npt.NDArray[np.float32]:
        """The losses `LOSS_NAMES` of the crops, painted at that strength: the means, [len(LOSS_NAMES)]."""
        weights = self._weights(strength)
        losses = [self._terms(tf.constant(crop), tf.constant(strength), weights).numpy() for crop in crops]
        mean: npt.NDArray[np.float32] = np.mean(losses, axis=0)
        return mean

    @property
    def parameters(self) -> Arrays:
        """The parameters as they are now."""
        return {name: variable.numpy() for name, variable in self._variables.items()}

    def begin_with(self, parameters: Arrays) -> None:
        """Replace the parameters, before any update."""
        for name, variable in self._variables.items():
            variable.assign(parameters[name])

    def state(self) -> Arrays:
        """All that the next updates depend on, by name."""
        optimizer = enumerate(self._optimizer.variables)
        return self.parameters | {f"optimizer/{index}": np.asarray(variable) for index, variable in optimizer}

    def restore(self, state: Arrays) -> None:
        """Go back to what `state` returned."""
        self.begin_with(state)
        for index, variable in enumerate(self._optimizer.variables):
            variable.assign(state[f"optimizer/{index}"])

    def _weights(self, strength: float) -> Tensor:
        weights = self._config.replace(strength=strength).loss_weights
        return tf.constant(weights._replace(content=_CONTENT * weights.content), tf.float32)

    def _trace_update(self, pixels: Tensor, strength: Tensor, weights: Tensor) -> None:
        targets = self._targets(pixels, weights)
        variables = [*self._variables.values()]
        scale = tf.constant(self._shared.precision.loss_scale)
        with tf.GradientTape() as tape:
            painted = paint(self._variables, pixels, strength, self._dtype)
        _, gradient = self._shared.whole.evaluate(clip_to_box(painted), (targets,), (scale,))
        slopes = tape.gradient(painted, variables, output_gradients=_inward(painted, gradient / scale))
        self._optimizer.apply(slopes, variables)

    def _trace_terms(self, pixels: Tensor, strength: Tensor, weights: Tensor) -> Tensor:
        painted = clip_to_box(paint(self._variables, pixels, strength, self._dtype))
        return self._shared.whole.terms_in_graph(painted, self._targets(pixels, weights))

    def _targets(self, pixels: Tensor, weights: Tensor) -> Targets:
        content = self._shared.whole.content_in_graph(pixels)
        return self._shared.targets_of(pixels, content, self._styles, weights)


def compute_dtype(dtype: str) -> str:
    """In which a painter computes whose loss network computes in `dtype`: float16 would overflow."""
    return "float32" if dtype == "float16" else dtype


def _inward(painted: Tensor, gradient: Tensor) -> Tensor:
    """The gradient, 0 where a step against it would lead out of the pixel box, or where it is not finite."""
    outward = ((painted <= BLACK) & (gradient > 0)) | ((painted >= WHITE) & (gradient < 0))
    return tf.where(outward | ~finite(gradient), 0.0, gradient)
