"""A computed picture with the statistics of natural ones, on which a network's features are measured."""

import numpy as np
import numpy.typing as npt

SIDE = 128
"""Side of the picture, in pixels."""

_MEAN, _DEVIATION = 118.0, 55.0
_SHARED = 2.0
"""Amplitude of the noise that the three channels share, relative to the noise of each alone."""


def natural_pixels(seed: int = 0) -> npt.NDArray[np.float32]:
    """A seeded picture whose amplitudes fall as 1/f (Field, 1987), [1, 128, 128, 3], float32, RGB in [0, 255]."""
    generator = np.random.default_rng(seed)
    frequencies = np.fft.fftfreq(SIDE)
    radius = np.hypot(frequencies[:, np.newaxis], frequencies)
    amplitudes = np.divide(1, radius, out=np.zeros_like(radius), where=radius > 0)
    white = generator.standard_normal((SIDE, SIDE, 3)) + _SHARED * generator.standard_normal((SIDE, SIDE, 1))
    picture = np.fft.ifft2(np.fft.fft2(white, axes=(0, 1)) * amplitudes[..., np.newaxis], axes=(0, 1)).real
    pixels: npt.NDArray[np.float32] = (_MEAN + _DEVIATION * picture / picture.std()).astype(np.float32)
    return pixels.clip(0, 255)[np.newaxis]
