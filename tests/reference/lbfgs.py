"""Nocedal and Wright (2006), "Numerical Optimization", algorithm 7.4, in NumPy, float64."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def two_loop_recursion(gradient: Array, steps: Sequence[Array], changes: Sequence[Array], first: Array) -> Array:
    """`H_k grad f_k`: pairs `s_i`, `y_i` from the oldest to the newest; `first` is the matrix `H_k^0`."""
    pairs = list(zip(steps, changes, strict=True))
    rho = [1 / np.dot(y, s) for s, y in pairs]
    alpha = [0.0] * len(pairs)
    q = np.array(gradient, np.float64)
    for i in range(len(pairs) - 1, -1, -1):
        s, y = pairs[i]
        alpha[i] = rho[i] * np.dot(s, q)
        q = q - alpha[i] * y
    r = first @ q
    for i, (s, y) in enumerate(pairs):
        beta = rho[i] * np.dot(y, r)
        r = r + s * (alpha[i] - beta)
    return r


def inverse_hessian(steps: Sequence[Array], changes: Sequence[Array], first: Array) -> Array:
    """The matrix itself, by the product form of equation 7.17, from `H_k^0`."""
    H = first
    for s, y in zip(steps, changes, strict=True):
        rho = 1 / np.dot(y, s)
        V = np.eye(len(s)) - rho * np.outer(y, s)
        H = V.T @ H @ V + rho * np.outer(s, s)
    return H
