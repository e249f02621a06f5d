"""Measures of a picture without a network: likeness to the content, colours of the style, sharpness. No TensorFlow.

Pictures are [height, width, 3], float32, sRGB in [0, 1]. Luminance is the luma `0.299 R + 0.587 G + 0.114 B` of
gamma-coded sRGB (ITU-R BT.601), in [0, 1].
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nst_engine.errors import ImageError
from nst_engine.images import Photograph, decode, resize, size_within
from nst_engine.images.color import oklab
from nst_engine.types import Picture, PictureSource

_Floats: TypeAlias = npt.NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

_REACH, _SPREAD = 5, 1.5
_WINDOW = np.exp(-np.square(np.arange(-_REACH, _REACH + 1) / _SPREAD) / 2).astype(np.float32)
_WINDOW /= _WINDOW.sum()
_C1, _C2 = 0.01**2, 0.03**2
_BAND = 64
"""Rows of windows that are computed together, so that they fit the processor's cache."""

_BASES = np.linalg.qr(np.random.default_rng(0).standard_normal((16, 3, 3)))[0]
_DIRECTIONS = _BASES.reshape(-1, 3).astype(np.float32)
_SAMPLE = 2**16
"""Pixels that represent a picture's colours, drawn with a seed."""

_QUANTILES = 2**10


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The measures of a picture.

    Attributes:
        structural_similarity: similarity to the content, in [-1, 1]; higher means that more of the content is left.
        color_distance: distance from the style's colours in units of OKLab, 0 to about 1; lower is nearer.
        sharpness: variance in squared luminance, 0 to 16; neither end is better.
    """

    structural_similarity: float
    color_distance: float
    sharpness: float


def measure(
    image: PictureSource | Photograph, content: PictureSource | Photograph, style: PictureSource | Photograph
) -> Measures:
    """Measure a picture that was made of a content and a style, each laid over white.

    The content is resized to the picture's size, as in a transfer.

    Raises:
        ImageError: a picture cannot be read, is below 11 pixels, or has another aspect than the content.
    """
    picture = as_picture(image)
    return Measures(
        structural_similarity=structural_similarity(picture, resize_content(picture, as_picture(content))),
        color_distance=color_distance(picture, as_picture(style)),
        sharpness=sharpness(picture),
    )


def structural_similarity(image: Picture, content: Picture) -> float:
    """The mean structural similarity of the luminance of two pictures of one size.

    Wang, Bovik, Sheikh and Simoncelli (2004), "Image Quality Assessment: From Error Visibility to Structural
    Similarity", equations 13 to 17: in windows of 11 x 11 pixels, weighted by a Gaussian of 1.5 pixels,
    `(2 mu_x mu_y + C1)(2 sigma_xy + C2) / ((mu_x^2 + mu_y^2 + C1)(sigma_x^2 + sigma_y^2 + C2))`, averaged over all
    windows that lie in the picture. `C1 = 0.01^2`, `C2 = 0.03^2`.

    Returns:
        From -1 to 1, without unit; higher is more similar, and 1 means the same luminance.

    Raises:
        ImageError: the sizes differ, or a side is below 11 pixels.
    """
    height, width, _ = image.shape
    if image.shape != content.shape:
        raise ImageError(f"the content is {content.shape[1]}x{content.shape[0]} pixels; use {width}x{height}")
    if min(height, width) < _WINDOW.size:
        least = f"{_WINDOW.size} pixels or more"
        raise ImageError(f"a picture of {width}x{height} pixels has no structure to compare; use one of {least}")
    x, y, rows = _luminance(image), _luminance(content), height - 2 * _REACH
    bands = [slice(top, min(top + _BAND, rows) + 2 * _REACH) for top in range(0, rows, _BAND)]
    total = sum(_similarities(x[band], y[band]).sum(dtype=np.float64) for band in bands)
    return float(total / (rows * (width - 2 * _REACH)))


def color_distance(image: Picture, style: Picture) -> float:
    """The distance of two pictures' colours, whatever their positions; the sizes may differ.

    Bonneel, Rabin, Peyré and Pfister (2015), "Sliced and Radon Wasserstein Barycenters of Measures", section 2.2: the
    root of the mean, over directions, of the squared Wasserstein-2 distance of the colours' projections, in OKLab
    (Ottosson, 2020), where distances are about as large as they look. It depends on more than means and covariances,
    which recolouring alone can match. The directions are 48 fixed ones, 16 orthonormal bases drawn with a seed; the
    distance of two projections is computed from 1024 quantiles. From a picture of more than 65536 pixels, 65536 are
    drawn with a seed.

    Differs from Bonneel et al. (2015): the result is multiplied by the root of 3, the number of dimensions, so that a
    shift of all colours by d is a distance of d.

    Returns:
        At least 0, in units of OKLab, in which black and white are 1 apart; lower is nearer, and 0 the same colours.
    """
    x, y = (_projected_quantiles(picture) for picture in (image, style))
    return float(np.sqrt(3 * np.square(x - y).mean(dtype=np.float64)))


def sharpness(image: Picture) -> float:
    """The variance of the Laplacian of luminance: the amount of fine detail, or noise.

    Pech-Pacheco et al. (2000), "Diatom autofocusing in brightfield microscopy: a comparative study": the
    Laplacian is `x(i-1,j) + x(i+1,j) + x(i,j-1) + x(i,j+1) - 4 x(i,j)` at all pixels that have four neighbours.

    Returns:
        From 0 (no detail) to 16, in squared luminance. Neither end is better: a blurred picture has less than its
        content and its style, a noisy picture more. Only pictures of one size can be compared.

    Raises:
        ImageError: a side is below 3 pixels.
    """
    height, width, _ = image.shape
    if min(height, width) < 3:
        raise ImageError(f"a picture of {width}x{height} pixels has no sharpness; use one of 3 pixels or more")
    x = _luminance(image)
    laplacian = x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:] - 4 * x[1:-1, 1:-1]
    return float(laplacian.var(dtype=np.float64))


def as_picture(source: PictureSource | Photograph) -> Picture:
    """The source's picture laid over white.

    Raises:
        ImageError: the source cannot be read.
    """
    return source.over_white() if isinstance(source, Photograph) else decode(source)


def resize_content(image: Picture, content: Picture) -> Picture:
    """Resize the content to the size of a picture that was made of it, as in a transfer.

    Raises:
        ImageError: the aspects differ by more than whole pixels explain.
    """
    height, width, _ = image.shape
    own_height, own_width, _ = content.shape
    due = size_within(own_width, own_height, max(width, height))
    if max(abs(width - due[0]), abs(height - due[1])) > 1:
        shape = f"a content of {own_width}x{own_height} gives {due[0]}x{due[1]}"
        raise ImageError(f"the picture is {width}x{height} pixels and {shape}; use a picture of the content's aspect")
    return resize(content, width, height)


def _luminance(picture: Picture) -> _Floats:
    luminance: _Floats = picture @ _LUMA
    return luminance


def _similarities(x: _Floats, y: _Floats) -> _Floats:
    """The structural similarity of each window of two luminances."""
    mu_x, mu_y, xx, yy, xy = _window_means(np.stack([x, y, x * x, y * y, x * y]))
    variances, covariance = xx + yy - mu_x**2 - mu_y**2, xy - mu_x * mu_y
    luminance = (2 * mu_x * mu_y + _C1) / (mu_x**2 + mu_y**2 + _C1)
    similarities: _Floats = luminance * (2 * covariance + _C2) / (variances + _C2)
    return similarities


def _window_means(maps: _Floats) -> _Floats:
    """Weighted means of maps, [n, height, width], over all windows that lie in them."""
    height, width = (length - 2 * _REACH for length in maps.shape[1:])
    rows = sum(weight * maps[:, start : start + height] for start, weight in enumerate(_WINDOW))
    means: _Floats = sum(weight * rows[:, :, start : start + width] for start, weight in enumerate(_WINDOW))
    return means


def _projected_quantiles(picture: Picture) -> _Floats:
    """Quantiles of the picture's colours along each direction, [directions, quantiles]."""
    colours = picture.reshape(-1, 3)
    if len(colours) > _SAMPLE:
        colours = colours[np.random.default_rng(0).choice(len(colours), _SAMPLE)]
    projections: _Floats = np.sort(_DIRECTIONS @ oklab(colours).T, axis=1)
    ranks = (np.arange(_QUANTILES) + 0.5) / _QUANTILES * len(colours)
    return projections[:, ranks.astype(int)]
