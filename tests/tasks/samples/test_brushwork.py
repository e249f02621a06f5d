import numpy as np
import pytest

from tasks.samples.brushwork import light, oklab


def test_lights_from_the_upper_left() -> None:
    """The edges of a tile that face the lamp are lighter than the others."""
    relief = np.zeros((64, 64))
    relief[16:48, 16:48] = 1
    lightness = light(np.tile([0.6, 0.0, 0.0], (64, 64, 1)), relief).mean(-1)
    upper_left, flat, lower_right = lightness[8, 16], lightness[16, 16], lightness[24, 16]
    assert upper_left > flat > lower_right


def test_mixes_the_colours_that_were_named() -> None:
    colors = oklab("#12307c", "#f6b21c", "#ffffff")[None].repeat(2, 0).repeat(2, 1)
    expected = np.array([[[18, 48, 124], [246, 178, 28], [255, 255, 255]]]) / 255
    assert light(colors, np.zeros((2, 6))) == pytest.approx(expected, abs=1e-3)
