"""The squared Wasserstein-2 distance between the Gaussians of two feature sets.

Dowson and Landau (1982) and Olkin and Pukelsheim (1982) give it in closed form. A Gram loss compares fourth powers of
features; this distance is a mean square, like the content loss.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from nst_engine.losses.gram import STYLE_SCOPE, rows_times, weighted_rows
from nst_engine.losses.style_losses import StyleLoss, weighted_mean
from nst_engine.types import Tensor

_NOISE = 1e-3
"""Variance of the white noise that is added to both sets, in mean variances of a channel of the target."""

_LEAST_NOISE = 1e-6
"""Variance of that noise for a target without variance."""


class Gaussian(NamedTuple):
    """Mean [N] and covariance [N, N] of features, float32."""

    mean: Tensor
    covariance: Tensor


class GaussianTarget(NamedTuple):
    """The Gaussian of a style, and a factor `R` [N, N] of its noisy covariance, `R R^T = S + noise I`."""

    mean: Tensor
    covariance: Tensor
    root: Tensor


def gaussian(F: Tensor, weights: Tensor | None = None) -> Gaussian:
    """Mean and covariance of features over their places, weighted: the mean is `sum(w f) / M`.

    The products are float32 for features of every dtype: rounded to bfloat16, the covariance would have negative
    eigenvalues larger than the small positive ones.

    Args:
        F: features, [1, height, width, N].
        weights: a region's mask, [1, height, width, 1], at least 0, its mean over the picture 1. None weights each
            place by 1.

    Returns:
        Zeros if there are no places. No gradient reaches the weights.
    """
    return Gaussian(*_moments(*weighted_rows(F, weights)))


def gaussian_target(statistics: Gaussian) -> GaussianTarget:
    """Compute, once, the target that `wasserstein_loss` needs of a style."""
    S = statistics.covariance
    eigenvalues, vectors = _eigh(S)
    root = vectors * tf.sqrt(tf.maximum(eigenvalues, 0) + _noise(S))
    return GaussianTarget(statistics.mean, S, root[:, ::-1])


def wasserstein_loss(statistics: Gaussian, target: GaussianTarget) -> Tensor:
    """`(|mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2))) / N`, both covariances with noise added.

    The division by N gives a mean over channels, so that layers of different widths are comparable. Without noise, the
    gradient is infinite if the picture's features lack a direction that the style's features have.

    Under `jit_compile` the eigenvalues come from XLA's own solver, far slower than TensorFlow's on a CPU.

    Args:
        statistics: of the picture.
        target: of the style.

    Returns:
        A float32 scalar, not finite if the statistics are not.
    """
    noise = _noise(target.covariance)
    S1, S2 = (_add_noise(S, noise) for S in (statistics.covariance, target.covariance))
    means = tf.reduce_mean(tf.math.squared_difference(statistics.mean, target.mean))
    N = tf.cast(tf.shape(S1)[0], tf.float32)
    return means + (tf.linalg.trace(S1 + S2) - 2 * _trace_of_root(S1, target.root, noise)) / N


def _noise(S: Tensor) -> Tensor:
    return _NOISE * tf.reduce_mean(tf.linalg.diag_part(S)) + _LEAST_NOISE


def _add_noise(S: Tensor, noise: Tensor) -> Tensor:
    return tf.linalg.set_diag(S, tf.linalg.diag_part(S) + noise)


def _eigh(S: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors; eigenvalues are NaN if the matrix is not finite, where TensorFlow would raise."""
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

    `R R^T` and `S` are at least `noise I`, so that only rounding can bring an eigenvalue of M below the square of the
    noise. The columns of R are orthogonal, the longest first: this grades M, so that float32 keeps its small
    eigenvalues.
    """
    M = tf.matmul(R, tf.matmul(S, R), transpose_a=True)
    eigenvalues, vectors = _eigh(M)
    roots = tf.sqrt(tf.maximum(eigenvalues, noise**2))

    def gradient(dtrace: Tensor) -> tuple[Tensor, None, None]:
        with tf.name_scope(STYLE_SCOPE):
            RV = tf.matmul(R, vectors)
            return dtrace / 2 * tf.matmul(RV / roots, RV, transpose_b=True), None, None

    return tf.reduce_sum(roots), gradient


class Moments(NamedTuple):
    """Means over places: of features, [N], and of their products, [N, N]. Unlike covariances, those of tiles add up."""

    mean: Tensor
    product: Tensor


def wasserstein() -> StyleLoss:
    """Builds the style loss of Gaussians."""
    return StyleLoss(
        summary=moments_of,
        pooled=weighted_mean,
        target=lambda moments: gaussian_target(gaussian_of(moments)),
        statistics=lambda F, w, _target: moments_of(F, w),
        loss=lambda moments, target: wasserstein_loss(gaussian_of(moments), target),
        empty=lambda target: Moments(tf.zeros_like(target.mean), tf.zeros_like(target.covariance)),
    )


def moments_of(F: Tensor, w: Tensor | None) -> Moments:
    """The moments of features [1, height, width, N] over their places, with weights as for `gaussian`."""
    mean, covariance = gaussian(F, w)
    return Moments(mean=mean, product=covariance + mean[:, tf.newaxis] * mean)


def gaussian_of(moments: Moments) -> Gaussian:
    """The Gaussian that has these moments."""
    return Gaussian(moments.mean, moments.product - moments.mean[:, tf.newaxis] * moments.mean)
