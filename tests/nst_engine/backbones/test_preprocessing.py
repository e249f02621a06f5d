import keras
import numpy as np
import pytest
import tensorflow as tf

from nst_engine.backbones.preprocessing import preprocess
from nst_engine.registry.backbones import Preprocessing
from tests.nst_engine.small import noise_pixels

PIXELS = noise_pixels(8, 6)[np.newaxis].astype(np.float32)


@pytest.mark.parametrize("kind", ["caffe", "tf", "torch"])
def test_pixels_become_what_keras_makes_of_them(kind: Preprocessing) -> None:
    expected = keras.applications.imagenet_utils.preprocess_input(PIXELS.copy(), mode=kind)
    np.testing.assert_allclose(preprocess(tf.constant(PIXELS), kind), expected, rtol=1e-5, atol=1e-5)


def test_a_network_that_rescales_by_itself_gets_the_pixels() -> None:
    np.testing.assert_array_equal(preprocess(tf.constant(PIXELS), "none"), PIXELS)
