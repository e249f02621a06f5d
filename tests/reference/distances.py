"""Distances of feature sets in NumPy, float64, written from the equations and not from the engine.

Features are `F`, [M, N]: M places, N channels.
"""

import numpy as np

from tests.reference.formulas import Array

NOISE, LEAST_NOISE = 1e-3, 1e-6


def moments(F: Array, w: Array) -> tuple[Array, Array]:
    """Mean and covariance, each place with its weight `w`, [M]."""
    mean = sum(weight * f for weight, f in zip(w, F, strict=True)) / w.sum()
    covariance = sum(weight * np.outer(f - mean, f - mean) for weight, f in zip(w, F, strict=True)) / w.sum()
    return np.asarray(mean), np.asarray(covariance)


def square_root(S: Array) -> Array:
    """Of a symmetric matrix without negative eigenvalues."""
    eigenvalues, vectors = np.linalg.eigh(S)
    return np.asarray(vectors @ np.diag(np.sqrt(eigenvalues.clip(0))) @ vectors.T)


def wasserstein(F: Array, S: Array, noise: float = 0) -> float:
    """Dowson and Landau (1982): `|mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2))`."""
    (mu1, S1), (mu2, S2) = (moments(features, np.ones(len(features))) for features in (F, S))
    S1, S2 = (covariance + noise * np.eye(len(mu1)) for covariance in (S1, S2))
    cross = square_root(square_root(S1) @ S2 @ square_root(S1))
    return float(np.sum((mu1 - mu2) ** 2) + np.trace(S1 + S2 - 2 * cross))


def mean_wasserstein(F: Array, S: Array) -> float:
    """A channel's share of it, with the engine's noise on both sets."""
    variance = float(np.mean(np.diag(moments(S, np.ones(len(S)))[1])))
    return wasserstein(F, S, NOISE * variance + LEAST_NOISE) / F.shape[1]


def directions(F: Array, w: Array | None = None) -> Array:
    """Features from their mean, each place with its weight `w`, [M], in the mean; each of length 1."""
    centred = F - np.average(F, axis=0, weights=w)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True))


def neighbours(F: Array, S: Array, w: Array | None = None) -> float:
    """Kolkin et al. (2022): the mean over places of F of the least centred cosine distance to a place of S.

    Each place of F with its weight `w`, [M].
    """
    style = directions(S)
    return float(np.average([min(1 - f @ s for s in style) for f in directions(F, w)], weights=w))
