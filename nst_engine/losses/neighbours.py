"""The distance of each place's features to the nearest features of the style (Kolkin et al., 2022)."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import tensorflow as tf

from nst_engine.losses.style_losses import StyleLoss, identity
from nst_engine.types import Tensor

_SIDE = 64
"""Rows, and columns, of the places that represent a style."""

_CHUNK = 1024
"""Places of a picture that are compared at once: 16 MB of cosines."""

_FAINT = 1e-3
"""Length below which a feature vector has no clear direction from the mean, in root mean squares of features."""


def neighbour_targets(F: Tensor, weights: Tensor | None = None) -> Tensor:
    """Directions of a style's features from their mean, at 4096 evenly spread places: without a mask, 64 by 64.

    A style with fewer places repeats them, which changes no nearest neighbour: all targets have one shape.

    Args:
        F: features, [1, height, width, N].
        weights: a region's mask, [1, height, width, 1], at least 0, its mean 1. Places of at least half the greatest
            weight belong to the region. None is the whole picture.

    Returns:
        [4096, N], float32; rows of length 1, or shorter where the features are near the mean.
    """
    rows = _directions(F, weights)[0]
    if weights is not None:
        w = tf.reshape(weights, [-1])
        rows = tf.boolean_mask(rows, w >= tf.reduce_max(w) / 2)
        return tf.gather(rows, _even_indices(tf.shape(rows)[0], _SIDE * _SIDE))
    directions = tf.reshape(rows, tf.shape(F))
    for axis in (1, 2):
        directions = tf.gather(directions, _even_indices(tf.shape(F)[axis], _SIDE), axis=axis)
    return tf.reshape(directions, [_SIDE * _SIDE, F.shape[-1]])


def pool_targets(targets: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """The targets of several styles as one, [4096, N]; each style gives places in proportion to its weight.

    Args:
        targets: of each style, from `neighbour_targets`.
        weights: of each style; they sum to 1.
    """
    ends = [round(_SIDE * _SIDE * end) for end in accumulate(weights)]
    counts = [end - start for start, end in pairwise([0, *ends])]
    parts = (tf.gather(rows, _even_indices(_SIDE * _SIDE, count)) for rows, count in zip(targets, counts, strict=True))
    return tf.concat(list(parts), axis=0)


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def neighbour_loss(
    F: Tensor, weights: Tensor, target: Tensor
) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, None, None]]]:
    """`mean_i w_i min_j (1 - cos(F_i - mean(wF), S_j - mean(S)))`, for places i of the picture and j of the style.

    This is the loss of the paper's last phase, one layer at a time, with a match for each place of the picture.

    Differs from Kolkin et al. (2022): the style's places are spread evenly and fixed, not drawn anew in each step.

    Args:
        F: features of the picture, [1, height, width, N].
        weights: a region's mask or ones, [1, height, width, 1], at least 0, its mean 1.
        target: directions of the style's features, [K, N], float32, from `neighbour_targets`.

    Returns:
        A float32 scalar. The matches, and the target, have no gradient.
    """
    directions, lengths = _directions(F, weights)
    matches = _nearest_rows(directions, target)
    cosines = tf.reduce_sum(directions * tf.gather(target, matches), axis=1, keepdims=True)
    w = tf.reshape(weights, [-1, 1])

    def gradient(dloss: Tensor) -> tuple[Tensor, None, None]:
        places = tf.cast(tf.shape(cosines)[0], tf.float32)
        drows = (cosines * directions - tf.gather(target, matches)) * tf.math.divide_no_nan(dloss * w, places * lengths)
        return tf.cast(tf.reshape(drows - w * tf.reduce_mean(drows, axis=0), tf.shape(F)), F.dtype), None, None

    return tf.reduce_mean(w * (1 - cosines)), gradient


def _directions(F: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Features less their weighted mean, scaled to length 1, [M, N], and their lengths before that, [M, 1]; float32."""
    rows = tf.reshape(tf.cast(F, tf.float32), [-1, F.shape[-1]])
    faint = _FAINT**2 * tf.reduce_mean(tf.reduce_sum(tf.square(rows), axis=1))
    centred = rows - tf.reduce_mean(rows if weights is None else tf.reshape(weights, [-1, 1]) * rows, axis=0)
    lengths = tf.sqrt(tf.reduce_sum(tf.square(centred), axis=1, keepdims=True) + faint)
    return tf.math.divide_no_nan(centred, lengths), lengths


def _nearest_rows(directions: Tensor, target: Tensor) -> Tensor:
    """For each row the index of the target's row with the greatest cosine, [M], int32; computed in chunks."""
    places, channels = tf.shape(directions)[0], directions.shape[-1]
    chunks = tf.reshape(tf.pad(directions, [[0, -places % _CHUNK], [0, 0]]), [-1, _CHUNK, channels])

    def best(rows: Tensor) -> Tensor:
        return tf.argmax(tf.matmul(rows, target, transpose_b=True), axis=1, output_type=tf.int32)

    matches = tf.map_fn(best, chunks, fn_output_signature=tf.int32, parallel_iterations=1)
    return tf.reshape(matches, [-1])[:places]


def _even_indices(length: Tensor, count: int) -> Tensor:
    """`count` indices, spread evenly over `length`."""
    return (2 * tf.range(count, dtype=tf.int64) + 1) * tf.cast(length, tf.int64) // (2 * count)


def neighbours() -> StyleLoss:
    """Builds the style loss of the nearest neighbours. Its statistics are the loss itself."""

    def statistics(F: Tensor, w: Tensor | None, target: Tensor) -> Tensor:
        return neighbour_loss(F, tf.ones_like(F[..., :1], dtype=tf.float32) if w is None else w, target)

    return StyleLoss(
        summary=neighbour_targets,
        pooled=pool_targets,
        target=identity,
        statistics=statistics,
        loss=lambda mean, _target: mean,
        empty=lambda _target: tf.zeros([]),
    )
