"""How far the Gaussians of two feature sets are apart: the squared Wasserstein-2 distance.

Dowson and Landau (1982) and Olkin and Pukelsheim (1982) give it in closed form. Where a Gram matrix compares
fourth powers of features, this distance is a mean square, like the content loss.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from nst_engine.losses.gram import STYLE_SCOPE, rows_times, weighted_rows
from nst_engine.types import Tensor

_NOISE = 1e-3
"""Variance of the white noise that both sets are seen through, in mean variances of a target's channel."""

_LEAST_NOISE = 1e-6
"""Variance of that noise for a target without any variance."""


class Gaussian(NamedTuple):
    """Mean [N] and covariance [N, N] of features, float32."""

    mean: Tensor
    covariance: Tensor


class GaussianTarget(NamedTuple):
    """A Gaussian to come near to, and a factor `R` [N, N] of its noisy covariance, `R R^T = S + noise I`."""

    mean: Tensor
    covariance: Tensor
    root: Tensor


def gaussian(F: Tensor, weights: Tensor | None = None) -> Gaussian:
    """Mean and covariance of features over their places, the mean `sum(w f) / M` and the covariance likewise.

    Whatever the dtype of the features, the products are float32: rounded to bfloat16, they have
    negative eigenvalues larger than the small positive ones.

    Args:
        F: features, [1, height, width, N].
        weights: of each place, [1, height, width, 1], at least 0, their mean over the picture 1: a region's mask.
            None counts each place once.

    Returns:
        Zeros where there is no place. No gradient reaches the weights.
    """
    return Gaussian(*_moments(*weighted_rows(F, weights)))


def gaussian_target(statistics: Gaussian) -> GaussianTarget:
    """What `wasserstein_loss` needs of a style, computed once."""
    S = statistics.covariance
    eigenvalues, vectors = _eigh(S)
    root = vectors * tf.sqrt(tf.maximum(eigenvalues, 0) + _noise(S))
    return GaussianTarget(statistics.mean, S, root[:, ::-1])


def wasserstein_loss(statistics: Gaussian, target: GaussianTarget) -> Tensor:
    """`(|mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2))) / N`, both covariances with noise added.

    Divided by N it is the mean over channels, so that layers of different widths are comparable. Without the noise,
    the gradient is infinite where the picture's features lack a direction that the style's have.

    Under `jit_compile` the eigenvalues come from XLA's own solver, far slower than TensorFlow's on a CPU.

    Args:
        statistics: of the picture.
        target: of the style.

    Returns:
        A float32 scalar, not finite where the statistics are not.
    """
    noise = _noise(target.covariance)
    S1, S2 = (_with_noise(S, noise) for S in (statistics.covariance, target.covariance))
    means = tf.reduce_mean(tf.math.squared_difference(statistics.mean, target.mean))
    N = tf.cast(tf.shape(S1)[0], tf.float32)
    return means + (tf.linalg.trace(S1 + S2) - 2 * _trace_of_root(S1, target.root, noise)) / N


def _noise(S: Tensor) -> Tensor:
    return _NOISE * tf.reduce_mean(tf.linalg.diag_part(S)) + _LEAST_NOISE


def _with_noise(S: Tensor, noise: Tensor) -> Tensor:
    return tf.linalg.set_diag(S, tf.linalg.diag_part(S) + noise)


def _eigh(S: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and vectors; NaN for the eigenvalues of a matrix that is not finite, where TensorFlow raises."""
    finite = tf.reduce_all(tf.math.is_finite(S))
    eigenvalues, vectors = tf.linalg.eigh(tf.where(finite, S, tf.eye(tf.shape(S)[0])))
    return tf.where(finite, eigenvalues, float("nan")), vectors


_MomentsGradient = Callable[[Tensor, Tensor], tuple[Tensor, None, None]]


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def _moments(rows: Tensor, roots: Tensor, M: Tensor) -> tuple[tuple[Tensor, Tensor], _MomentsGradient]:
    exact = tf.cast(rows, tf.float32)
    mean = tf.math.divide_no_nan(tf.linalg.matvec(exact, roots, transpose_a=True), M)
    second = tf.math.divide_no_nan(tf.matmul(exact, exact, transpose_a=True), M)

    def gradient(dmean: Tensor, dS: Tensor) -> tuple[Tensor, None, None]:
        symmetric = tf.math.divide_no_nan(dS + tf.transpose(dS), M)
        shift = tf.math.divide_no_nan(dmean, M) - tf.linalg.matvec(symmetric, mean)
        product = rows_times(rows, symmetric)
        product += tf.cast(roots[:, tf.newaxis], product.dtype) * tf.cast(shift, product.dtype)
        return tf.cast(product, rows.dtype), None, None

    return (mean, second - mean[:, tf.newaxis] * mean), gradient


_RootGradient = Callable[[Tensor], tuple[Tensor, None, None]]


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def _trace_of_root(S: Tensor, R: Tensor, noise: Tensor) -> tuple[Tensor, _RootGradient]:
    """`tr(M^(1/2))` of `M = R^T S R`, and its gradient `R M^(-1/2) R^T / 2`.

    `R R^T` and `S` are at least `noise I`, so that no eigenvalue of M is below the noise's square but by rounding.
    The columns of R are orthogonal, the longest first: this grades M, so that float32 keeps its small eigenvalues.
    """
    M = tf.matmul(R, tf.matmul(S, R), transpose_a=True)
    eigenvalues, vectors = _eigh(M)
    roots = tf.sqrt(tf.maximum(eigenvalues, noise**2))

    def gradient(dtrace: Tensor) -> tuple[Tensor, None, None]:
        with tf.name_scope(STYLE_SCOPE):
            RV = tf.matmul(R, vectors)
            return dtrace / 2 * tf.matmul(RV / roots, RV, transpose_b=True), None, None

    return tf.reduce_sum(roots), gradient
