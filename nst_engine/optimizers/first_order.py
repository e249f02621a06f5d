"""Keras's first-order optimizers within the pixel box; they remember the best picture and the average iterate."""

import keras
import tensorflow as tf

from nst_engine.hardware.keras_settings import own_keras_settings
from nst_engine.optimizers.base import clip_to_box, finite
from nst_engine.registry.losses import TOTAL
from nst_engine.types import Tensor

GREY, HALF_RANGE = 127.5, 127.5

DECAY = 0.99
"""Decay of the average of the iterates: about the last hundred count."""


class FirstOrder:
    """Optimizes pixels by one of Keras's optimizers, and clips them to the box after each step.

    The variable is `z = (pixels - centre) / unit`, so that weight decay pulls towards the centre and a trust ratio has
    a meaningful norm. A step whose gradient is not finite leaves the picture and the moments as they are.

    The iterates finally circle around the optimum at a distance that the rate sets. Then their exponentially decaying
    average, its bias corrected as Adam corrects its moments, lies nearer to the optimum; before, it lies farther away.

    Args:
        optimizer: the Keras optimizer.
        height, width: size of the picture in pixels.
        centre, unit: centre and unit of `z`, in pixel values.
        relative: whether the learning rate is a share of the norm of `z`; else it is in pixel values.
    """

    def __init__(
        self,
        optimizer: keras.Optimizer,
        height: int,
        width: int,
        *,
        centre: float = 0.0,
        unit: float = 1.0,
        relative: bool = False,
    ) -> None:
        shape = [1, height, width, 3]
        self._z = tf.Variable(tf.zeros(shape), name="z")
        self._centre, self._unit = centre, unit
        self._rate_unit = 1.0 if relative else unit
        self._best = tf.Variable(tf.zeros(shape), name="best")
        self._least = tf.Variable(0.0, name="least")
        self._sum = tf.Variable(tf.zeros(shape), name="sum_of_iterates")
        self._mass = tf.Variable(0.0, name="mass_of_iterates")
        self._optimizer = optimizer
        self._optimizer.build([self._z])

    @property
    def image(self) -> Tensor:
        """The picture, [1, height, width, 3], float32, in [0, 255]."""
        return self._centre + self._unit * self._z

    @property
    def trial(self) -> Tensor:
        """The picture itself."""
        return self.image

    @property
    def candidates(self) -> tuple[Tensor, ...]:
        """The last iterate, the best of the evaluated ones, and the average of the last ones."""
        average = tf.math.divide_no_nan(self._sum, self._mass)
        return self.image, self._best.value(), tf.where(self._mass > 0, clip_to_box(average), self._best)

    def start(self, pixels: Tensor) -> None:
        """Begin at `pixels` with zero moments."""
        self._best.assign(pixels)
        self._least.assign(float("inf"))
        self.retreat()

    def retreat(self) -> None:
        """Go back to the best picture so far, with zero moments."""
        self._z.assign((self._best - self._centre) / self._unit)
        for variable in (self._sum, self._mass, *self._optimizer.variables):
            variable.assign(tf.zeros_like(variable))

    def rest(self) -> None:
        """Do nothing: the graph is for pictures of this size, and will need the memory again."""

    def tell(self, terms: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """Take one step; return the loss terms before it."""
        if terms[TOTAL] < self._least:
            self._least.assign(terms[TOTAL])
            self._best.assign(self.image)
        if finite(gradient):
            self._optimizer.learning_rate.assign(rate / self._rate_unit)
            self._optimizer.apply([gradient * self._unit], [self._z])
            self._z.assign((clip_to_box(self.image) - self._centre) / self._unit)
            self._sum.assign(DECAY * self._sum + (1 - DECAY) * self.image)
            self._mass.assign(DECAY * self._mass + (1 - DECAY))
        return terms


@own_keras_settings()
def adam(height: int, width: int) -> FirstOrder:
    """Adam (Kingma and Ba, 2015) on pixels in [0, 255]."""
    return FirstOrder(keras.optimizers.Adam(), height, width)


@own_keras_settings()
def adamw(height: int, width: int) -> FirstOrder:
    """AdamW (Loshchilov and Hutter, 2019) on pixels in [-1, 1]: its decay pulls towards mid-grey, not to black."""
    return FirstOrder(keras.optimizers.AdamW(), height, width, centre=GREY, unit=HALF_RANGE)


@own_keras_settings()
def lamb(height: int, width: int) -> FirstOrder:
    """LAMB (You et al., 2020) on pixels in [-1, 1]; its rate is a share of the picture's norm about mid-grey."""
    return FirstOrder(keras.optimizers.Lamb(), height, width, centre=GREY, unit=HALF_RANGE, relative=True)
