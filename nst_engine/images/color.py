"""Keep the content's colours, after Gatys et al. (2016), "Preserving Color in Neural Artistic Style Transfer".

Two ways: recolour the style before the transfer, or take only the lightness of the result (arXiv:1606.05897).
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nst_engine.errors import ConfigError, ImageError, listed
from nst_engine.types import Picture

ColorMatch = Literal["histogram", "coral"]
"""How a style takes on the content's colours."""

_Floats = npt.NDArray[np.floating[Any]]
_MIN_VARIANCE = 1 / 255**2
"""Variance of sRGB in [0, 1] along a direction of colours; less than this, one 8-bit step, is noise, not colour."""

LMS_OF_RGB = np.array(  # Ottosson (2020), "A perceptual color space for image processing": linear sRGB to cones
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
LAB_OF_ROOTS = np.array(  # Ottosson (2020): cube roots of cones to OKLab
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_RGB_OF_LMS = np.linalg.inv(LMS_OF_RGB)
_ROOTS_OF_LAB = np.linalg.inv(LAB_OF_ROOTS)
_TOLERANCE = 1e-6
"""Distance from [0, 1] that rounding explains, in linear sRGB."""

_HALVINGS = 16
"""Halvings in the search for the largest chroma that sRGB can show: to 1/65536 of it."""


def recolored(style: Picture, content: Picture, mode: ColorMatch) -> Picture:
    """The style in the content's colours, for use in its place; the sizes may differ.

    `coral` shifts and mixes the channels so that their means and covariances become the content's; `histogram` maps
    each channel so that its histogram becomes the content's. Values are clipped to [0, 1], and where `coral` leaves
    that range, the statistics match less exactly.

    Raises:
        ConfigError: there is no such mode.
    """
    if mode not in _MATCHES:
        raise ConfigError(f"mode={mode!r} is not known; use {listed(_MATCHES)}")
    matched = _MATCHES[mode](style.reshape(-1, 3), content.reshape(-1, 3))
    return matched.reshape(style.shape).clip(0, 1).astype(np.float32)


def with_colors_of(result: Picture, content: Picture) -> Picture:
    """The lightness of the result with the hue and chroma of the content; both [height, width, 3].

    Differs from Gatys et al. (2016), luminance-only transfer: OKLab takes the place of YIQ. Its lightness is
    the perceived one, which the luma of YIQ misjudges for strong reds and blues. Its hues stay the same when the
    lightness changes, while the blue of CIELAB turns purple. A colour that sRGB cannot show loses chroma, not hue.

    Raises:
        ImageError: the sizes differ.
    """
    if result.shape != content.shape:
        raise ImageError(
            f"the content is {content.shape[1]}x{content.shape[0]} pixels; use {result.shape[1]}x{result.shape[0]}"
        )
    lightness, chroma = oklab(result)[..., :1], oklab(content)[..., 1:]
    lab = np.concatenate([lightness, chroma * _chroma_share(lightness, chroma)], axis=-1)
    return srgb_of_linear(_linear_rgb(lab).clip(0, 1))


def _match_coral(style: _Floats, content: _Floats) -> _Floats:
    """Pixels x as A (x - mu_s) + mu_c, where A = Sigma_c^(1/2) Sigma_s^(-1/2): Gatys et al. (2016), colour matching.

    Also Sun et al. (2016), "Return of Frustratingly Easy Domain Adaptation". Differs from Sun et al. (2016): they
    add the identity to each covariance; here directions along which the style has no colours are left out.
    """
    (mu_s, sigma_s), (mu_c, sigma_c) = _moments(style), _moments(content)
    A = _matrix_power(sigma_c, 0.5, least=0) @ _matrix_power(sigma_s, -0.5, least=_MIN_VARIANCE)
    matched: _Floats = (style - mu_s) @ A.T + mu_c
    return matched


def _moments(pixels: _Floats) -> tuple[_Floats, _Floats]:
    """Mean [3] and covariance [3, 3] of pixels [n, 3]."""
    mean = pixels.mean(axis=0, dtype=np.float64)
    centred = pixels - mean
    return mean, centred.T @ centred / len(pixels)


def _matrix_power(covariance: _Floats, exponent: float, least: float) -> _Floats:
    """A symmetric matrix to a power, as in a pseudo-inverse: a variance of at most `least` gives 0."""
    variances, directions = np.linalg.eigh(covariance)
    powers = np.power(variances, exponent, out=np.zeros(3), where=variances > least)
    power: _Floats = (directions * powers) @ directions.T
    return power


def _match_histogram(style: _Floats, content: _Floats) -> _Floats:
    return np.stack([_match_channel(style[:, channel], content[:, channel]) for channel in range(3)], axis=1)


def _match_channel(style: _Floats, content: _Floats) -> _Floats:
    """Replace each value of a channel by the content's quantile at its rank; equal values stay equal."""
    _, ranks, counts = np.unique(style, return_inverse=True, return_counts=True)
    quantiles = (np.cumsum(counts) - counts / 2) / style.size  # equal values take the middle of their ranks
    steps = (np.arange(content.size) + 0.5) / content.size
    values: _Floats = np.interp(quantiles, steps, np.sort(content))[ranks]
    return values


_MATCHES = {"histogram": _match_histogram, "coral": _match_coral}


def oklab(picture: Picture) -> _Floats:
    """Convert sRGB in [0, 1] to OKLab (Ottosson, 2020): lightness, green to red, and blue to yellow, last axis.

    Lightness is 0 for black and 1 for white; distances between colours are about as large as they look.
    """
    lab: _Floats = np.cbrt(linear_of_srgb(picture) @ LMS_OF_RGB.T) @ LAB_OF_ROOTS.T
    return lab


def _linear_rgb(lab: _Floats) -> _Floats:
    rgb: _Floats = (lab @ _ROOTS_OF_LAB.T) ** 3 @ _RGB_OF_LMS.T
    return rgb


def linear_of_srgb(picture: _Floats) -> _Floats:
    """Amounts of light, in [0, 1], for values of sRGB in [0, 1]."""
    return np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)


def srgb_of_linear(linear: _Floats) -> Picture:
    """Values of sRGB in [0, 1], as float32, for amounts of light in [0, 1]."""
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return encoded.clip(0, 1).astype(np.float32)


def _chroma_share(lightness: _Floats, chroma: _Floats) -> _Floats:
    """The largest share of the chroma that sRGB can show at that lightness, [height, width, 1] in [0, 1]."""
    share = np.ones_like(lightness)
    outside = ~_in_gamut(np.concatenate([lightness, chroma], axis=-1))
    lightness, chroma = lightness[outside], chroma[outside]
    low, high = np.zeros_like(lightness), np.ones_like(lightness)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        shown = _in_gamut(np.concatenate([lightness, middle * chroma], axis=-1))[:, np.newaxis]
        low, high = np.where(shown, middle, low), np.where(shown, high, middle)
    share[outside] = low
    return share


def _in_gamut(lab: _Floats) -> npt.NDArray[np.bool_]:
    linear = _linear_rgb(lab)
    shown: npt.NDArray[np.bool_] = np.all((linear >= -_TOLERANCE) & (linear <= 1 + _TOLERANCE), axis=-1)
    return shown
