import numpy as np

from nst_engine.backbones.calibration_picture import SIDE, natural_pixels


def test_is_the_same_picture_for_a_seed_and_another_for_another() -> None:
    np.testing.assert_array_equal(natural_pixels(3), natural_pixels(3))
    assert not np.array_equal(natural_pixels(3), natural_pixels(4))


def test_is_a_picture_that_fills_the_pixel_range() -> None:
    pixels = natural_pixels()
    assert (pixels.shape, pixels.dtype) == ((1, SIDE, SIDE, 3), np.float32)
    assert pixels.min() >= 0
    assert pixels.max() <= 255
    assert 30 < pixels.std() < 70


def test_its_amplitudes_fall_as_one_over_the_frequency() -> None:
    spectrum = np.abs(np.fft.fft2(natural_pixels()[0, ..., 1]))
    frequencies = np.fft.fftfreq(SIDE, 1 / SIDE)
    radius = np.hypot(frequencies[:, np.newaxis], frequencies)
    octaves = [spectrum[(low <= radius) & (radius < 2 * low)].mean() for low in (4, 8, 16)]
    np.testing.assert_allclose(np.diff(np.log2(octaves)), -1, atol=0.2)
