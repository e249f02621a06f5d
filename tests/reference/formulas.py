"""The losses of the papers in NumPy, float64, written from the equations and not from the engine.

Features are `F`, [M, N]: M places, N channels, the transpose of `F^l` in Gatys et al. (2016).
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def as_rows(features: npt.NDArray[np.generic]) -> Array:
    """Features [1, height, width, N] as [M, N]."""
    return np.asarray(features, np.float64).reshape(-1, features.shape[-1])


def gram(F: Array) -> Array:
    """Gatys et al. (2016), equation 3: `G_ij = sum_k F_ik F_jk`, i and j channels, k places."""
    N = F.shape[1]
    return np.array([[np.sum(F[:, i] * F[:, j]) for j in range(N)] for i in range(N)])


def gatys_content(F: Array, P: Array) -> float:
    """Gatys et al. (2016), equation 1: `1/2 sum_ij (F_ij - P_ij)^2`."""
    return 0.5 * float(np.sum((F - P) ** 2))


def gatys_style(F: Array, S: Array) -> float:
    """Gatys et al. (2016), equation 4: `1 / (4 N^2 M^2) sum_ij (G_ij - A_ij)^2`, pictures of one size."""
    M, N = F.shape
    return float(np.sum((gram(F) - gram(S)) ** 2) / (4 * N**2 * M**2))


def gatys_style_of_two_sizes(F: Array, S: Array) -> float:
    """Equation 4 with each Gram matrix divided by its own picture's M."""
    N = F.shape[1]
    return float(np.sum((gram(F) / len(F) - gram(S) / len(S)) ** 2) / (4 * N**2))


def mean_content(F: Array, P: Array) -> float:
    """Mean squared difference of the features."""
    return float(np.mean((F - P) ** 2))


def mean_style(F: Array, S: Array) -> float:
    """Mean squared difference of the Gram matrices, each divided by its own picture's M."""
    return float(np.mean((gram(F) / len(F) - gram(S) / len(S)) ** 2))


def centred_style(F: Array, S: Array) -> Array:
    """`mean_style` of features less the style's means, and the mean squared difference of the means."""
    m = S.mean(axis=0)
    return np.array([mean_style(F - m, S - m), np.mean((F.mean(axis=0) - m) ** 2)])


def share_content(F: Array, P: Array, R: Array) -> float:
    """`mean_content` in variances of the content, or in hundredths of the variance of R, features of a reference."""
    return mean_content(F, P) / max(P.var(axis=0).mean(), R.var(axis=0).mean() / 100)


def share_style(F: Array, S: Array, R: Array) -> float:
    """Mean of both parts of `centred_style`, each in what it is for R, or in thousandths of what it is for zeros."""
    unit = np.maximum(centred_style(R, S), centred_style(np.zeros_like(R), S) / 1000)
    return float(np.mean(centred_style(F, S) / unit))


def share_variation(x: Array, content: Array, style: Array, reference: Array) -> float:
    """Mean, over three axes of colour, of the variation in its mean for content and style."""

    def variations(picture: Array) -> Array:
        red, green, blue = np.moveaxis(np.asarray(picture, np.float64), -1, 0)
        axes = ((red + green + blue) / 3**0.5, (red - green) / 2**0.5, (red + green - 2 * blue) / 6**0.5)
        return np.array([mean_variation(axis[..., np.newaxis]) for axis in axes])

    unit = np.maximum((variations(content) + variations(style)) / 2, variations(reference) / 100)
    return float(np.mean(variations(x) / unit))


def squared_variation(x: npt.NDArray[np.generic]) -> tuple[Array, Array]:
    """Squares of all differences of neighbours, down and to the right, of [height, width, 3]."""
    height, width, _ = x.shape
    x = np.asarray(x, np.float64)
    down = np.array([[(x[i + 1, j] - x[i, j]) ** 2 for j in range(width)] for i in range(height - 1)])
    right = np.array([[(x[i, j + 1] - x[i, j]) ** 2 for j in range(width - 1)] for i in range(height)])
    return down, right


def mean_variation(x: npt.NDArray[np.generic]) -> float:
    """Mean square of the differences down, and of those to the right."""
    down, right = squared_variation(x)
    return float(down.mean() + right.mean())


def gatys_variation(x: npt.NDArray[np.generic]) -> float:
    """Sum of squares of the differences (Mahendran and Vedaldi, 2015, section 3.2, beta = 2)."""
    down, right = squared_variation(x)
    return float(down.sum() + right.sum())
