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


class Moments(NamedTuple):
    """Means over places, which add up over tiles. About an origin near the mean, rounding takes no covariance away.

    Attributes:
        weight: mean of the weights, a scalar: 1, but for rounding and for tiles.
        first: mean of the weighted features less an origin, [N].
        second: mean of the weighted products of these, [N, N].
    """

    weight: Tensor
    first: Tensor
    second: Tensor

    @property
    def shift(self) -> Tensor:
        """The mean of the features less the origin, [N]; zeros if there are no places."""
        return tf.math.divide_no_nan(self.first, self.weight)

    @property
    def covariance(self) -> Tensor:
        """The covariance of the features, [N, N]; zeros if there are no places."""
        return tf.math.divide_no_nan(self.second, self.weight) - self.shift[:, tf.newaxis] * self.shift


class Gaussian(NamedTuple):
    """Mean [N] and covariance [N, N] of features, float32."""

    mean: Tensor
    covariance: Tensor


class GaussianTarget(NamedTuple):
    """The Gaussian of a style, and a factor `R` [N, N] of its noisy covariance, `R R^T = S + noise I`."""

    mean: Tensor
    covariance: Tensor
    root: Tensor


def moments(F: Tensor, weights: Tensor | None, origin: Tensor) -> Moments:
    """Moments of features over their places, weighted: the first is `sum(w (f - origin)) / M`.

    The products are taken in the dtype of the origin for features of every dtype: rounded to bfloat16, the covariance
    would have negative eigenvalues larger than the small positive ones.

    Args:
        F: features, [1, height, width, N].
        weights: a region's mask, [1, height, width, 1], at least 0, its mean over the picture 1. None weights each
            place by 1.
        origin: [N], float32 or float64; constant.

    Returns:
        In the dtype of the origin; zeros if there are no places. No gradient reaches the weights.
    """
    rows, roots, M = weighted_rows(tf.cast(F, origin.dtype) - origin, weights)
    roots, M = tf.cast(roots, origin.dtype), tf.cast(M, origin.dtype)
    weight = tf.math.divide_no_nan(tf.reduce_sum(tf.square(roots)), M)

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def means(rows: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[[Tensor, Tensor], Tensor]]:
        first = tf.math.divide_no_nan(tf.linalg.matvec(rows, roots, transpose_a=True), M)
        second = tf.math.divide_no_nan(tf.matmul(rows, rows, transpose_a=True), M)

        def gradient(dfirst: Tensor, dsecond: Tensor) -> Tensor:
            symmetric = tf.math.divide_no_nan(dsecond + tf.transpose(dsecond), M)
            drows = tf.cast(rows_times(tf.cast(rows, F.dtype), symmetric), rows.dtype)
            return drows + roots[:, tf.newaxis] * tf.math.divide_no_nan(dfirst, M)

        return (first, second), gradient

    return Moments(weight, *means(rows))


def style_moments(F: Tensor, weights: Tensor | None) -> Moments:
    """Moments of a style's features about 0, in float64: there is no mean yet to take them about."""
    return moments(F, weights, tf.zeros(F.shape[-1:], tf.float64))


def gaussian_of(style: Moments) -> Gaussian:
    """The Gaussian of a style, from its `style_moments`."""
    return Gaussian(tf.cast(style.shift, tf.float32), tf.cast(style.covariance, tf.float32))


def gaussian_target(style: Moments) -> GaussianTarget:
    """Compute, once, the target that `wasserstein_loss` needs of a style, from its `style_moments`."""
    mean, S = gaussian_of(style)
    eigenvalues, vectors = _eigh(S)
    root = vectors * tf.sqrt(tf.maximum(eigenvalues, 0) + _noise(S))
    return GaussianTarget(mean, S, root[:, ::-1])


def wasserstein_loss(picture: Moments, target: GaussianTarget) -> Tensor:
    """`(|mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2))) / N`, both covariances with noise added.

    The division by N gives a mean over channels, so that layers of different widths are comparable. Without noise, the
    gradient is infinite if the picture's features lack a direction that the style's features have. Where rounding
    brings the distance of the covariances below 0, they count as equal.

    Under `jit_compile` the eigenvalues come from XLA's own solver, far slower than TensorFlow's on a CPU.

    Args:
        picture: moments of the picture about the target's mean.
        target: of the style.

    Returns:
        A float32 scalar of at least 0, not finite if the moments are not.
    """
    noise = _noise(target.covariance)
    S1, S2 = (_add_noise(S, noise) for S in (picture.covariance, target.covariance))
    means = tf.reduce_mean(tf.square(picture.shift))
    N = tf.cast(tf.shape(S1)[0], tf.float32)
    covariances = (tf.linalg.trace(S1 + S2) - 2 * _trace_of_root(S1, target.root, noise)) / N
    return means + tf.where(covariances < 0, 0.0, covariances)


def _noise(S: Tensor) -> Tensor:
    return _NOISE * tf.reduce_mean(tf.linalg.diag_part(S)) + _LEAST_NOISE


def _add_noise(S: Tensor, noise: Tensor) -> Tensor:
    return tf.linalg.set_diag(S, tf.linalg.diag_part(S) + noise)


def _eigh(S: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors; eigenvalues are NaN if the matrix is not finite, where TensorFlow would raise."""
    finite = tf.reduce_all(tf.math.is_finite(S))
    eigenvalues, vectors = tf.linalg.eigh(tf.where(finite, S, tf.eye(tf.shape(S)[0])))
    return tf.where(finite, eigenvalues, float("nan")), vectors


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


def wasserstein() -> StyleLoss:
    """Builds the style loss of Gaussians."""
    return StyleLoss(
        summary=style_moments,
        pooled=weighted_mean,
        target=gaussian_target,
        statistics=lambda F, w, target: moments(F, w, target.mean),
        loss=wasserstein_loss,
        empty=lambda target: Moments(tf.zeros([]), tf.zeros_like(target.mean), tf.zeros_like(target.covariance)),
    )
