"""Measures of a picture in NumPy, float64, written from the equations and not from the engine."""

from math import gcd

import numpy as np
import numpy.typing as npt

from tests.reference.formulas import Array

Picture = npt.NDArray[np.generic]


def luma(picture: Picture) -> Array:
    """ITU-R BT.601: `0.299 R + 0.587 G + 0.114 B`."""
    R, G, B = np.moveaxis(np.asarray(picture, np.float64), 2, 0)
    return np.asarray(0.299 * R + 0.587 * G + 0.114 * B)


def gaussian_window() -> Array:
    """11 x 11, of 1.5 pixels, its sum 1."""
    i, j = np.mgrid[-5:6, -5:6]
    w = np.exp(-(i**2 + j**2) / (2 * 1.5**2))
    return np.asarray(w / w.sum())


def structural_similarity(image: Picture, content: Picture) -> float:
    """Wang et al. (2004), equations 13 to 17."""
    X, Y, w = luma(image), luma(content), gaussian_window()
    C1, C2 = (0.01 * 1) ** 2, (0.03 * 1) ** 2
    values = []
    for i in range(X.shape[0] - 10):
        for j in range(X.shape[1] - 10):
            x, y = X[i : i + 11, j : j + 11], Y[i : i + 11, j : j + 11]
            mu_x, mu_y = np.sum(w * x), np.sum(w * y)
            sigma_x, sigma_y = np.sqrt(np.sum(w * (x - mu_x) ** 2)), np.sqrt(np.sum(w * (y - mu_y) ** 2))
            sigma_xy = np.sum(w * (x - mu_x) * (y - mu_y))
            means = (2 * mu_x * mu_y + C1) / (mu_x**2 + mu_y**2 + C1)
            values.append(means * (2 * sigma_xy + C2) / (sigma_x**2 + sigma_y**2 + C2))
    return float(np.mean(values))


def laplacian_variance(image: Picture) -> float:
    """Pech-Pacheco et al. (2000): the variance of the Laplacian, with the mask `0 1 0 / 1 -4 1 / 0 1 0`."""
    x = luma(image)
    height, width = x.shape
    laplacian = [
        x[i - 1, j] + x[i + 1, j] + x[i, j - 1] + x[i, j + 1] - 4 * x[i, j]
        for i in range(1, height - 1)
        for j in range(1, width - 1)
    ]
    return float(np.var(laplacian))


def oklab(picture: Picture) -> Array:
    """Colours [n, 3] in OKLab (Ottosson, 2020)."""
    rgb = np.asarray(picture, np.float64).reshape(-1, 3)
    linear = np.array([[c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour] for colour in rgb])
    M1 = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    M2 = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array([np.array(M2) @ np.cbrt(np.array(M1) @ colour) for colour in linear])


def squared_wasserstein(x: Array, y: Array) -> float:
    """Of two sets of numbers, by the best transport: in order; both repeated until they are as many."""
    count = len(x) * len(y) // gcd(len(x), len(y))
    x, y = (np.sort(np.repeat(values, count // len(values))) for values in (x, y))
    return float(np.mean((x - y) ** 2))


def sliced_color_distance(image: Picture, style: Picture, directions: Array) -> float:
    """Bonneel et al. (2015), section 2.2, in OKLab, over directions [n, 3] of length 1, times the root of 3."""
    X, Y = oklab(image), oklab(style)
    return float(np.sqrt(3 * np.mean([squared_wasserstein(X @ theta, Y @ theta) for theta in directions])))
