"""How far each place's features are from the nearest of the style's (Kolkin et al., 2022)."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import tensorflow as tf

from nst_engine.types import Tensor

_SIDE = 64
"""Rows, and columns, of the places that stand for a style."""

_CHUNK = 1024
"""Places of a picture that are compared at once: 16 MB of cosines."""

_FAINT = 1e-3
"""Distance from the mean below which features have no direction to speak of, in root mean squares of features."""


def neighbour_targets(F: Tensor, weights: Tensor | None = None) -> Tensor:
    """Directions of a style's features from their mean, at 4096 places spread evenly: 64 by 64 but in a region.

    Where there are fewer places, they recur, which changes no nearest neighbour: every style has targets of one shape.

    Args:
        F: features, [1, height, width, N].
        weights: of each place, [1, height, width, 1], at least 0, their mean 1: a region's mask. Places of at least
            half the greatest weight belong to the region. None is the whole picture.

    Returns:
        [4096, N], float32, each row of length 1 but where a place's features are the mean itself.
    """
    rows = _directions(F, weights)[0]
    if weights is not None:
        w = tf.reshape(weights, [-1])
        rows = tf.boolean_mask(rows, w >= tf.reduce_max(w) / 2)
        return tf.gather(rows, _spread(tf.shape(rows)[0], _SIDE * _SIDE))
    directions = tf.reshape(rows, tf.shape(F))
    for axis in (1, 2):
        directions = tf.gather(directions, _spread(tf.shape(F)[axis], _SIDE), axis=axis)
    return tf.reshape(directions, [_SIDE * _SIDE, F.shape[-1]])


def pooled_targets(targets: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Places of several styles as those of one, [4096, N], of each style as many as its weight says.

    Args:
        targets: of the styles, from `neighbour_targets`.
        weights: of the styles; they sum to 1.
    """
    ends = [round(_SIDE * _SIDE * end) for end in accumulate(weights)]
    counts = [end - start for start, end in pairwise([0, *ends])]
    parts = (tf.gather(rows, _spread(_SIDE * _SIDE, count)) for rows, count in zip(targets, counts, strict=True))
    return tf.concat(list(parts), axis=0)


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def neighbour_loss(
    F: Tensor, weights: Tensor, target: Tensor
) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, None, None]]]:
    """`mean_i w_i min_j (1 - cos(F_i - mean(wF), S_j - mean(S)))`, i places of the picture, j places of the style.

    This is the loss of the paper's last phase, one layer at a time, with a match for each place of the picture.

    Differs from Kolkin et al. (2022): the style's places are chosen evenly, not at random, and the same in each step.

    Args:
        F: features of the picture, [1, height, width, N].
        weights: of each place, [1, height, width, 1], at least 0, their mean 1: a region's mask, or ones.
        target: directions of the style's features, [K, N], float32, from `neighbour_targets`.

    Returns:
        A float32 scalar. The matches, and the target, have no gradient.
    """
    directions, lengths = _directions(F, weights)
    matches = _nearest(directions, target)
    cosines = tf.reduce_sum(directions * tf.gather(target, matches), axis=1, keepdims=True)
    w = tf.reshape(weights, [-1, 1])

    def gradient(dloss: Tensor) -> tuple[Tensor, None, None]:
        places = tf.cast(tf.shape(cosines)[0], tf.float32)
        drows = (cosines * directions - tf.gather(target, matches)) * tf.math.divide_no_nan(dloss * w, places * lengths)
        return tf.cast(tf.reshape(drows - w * tf.reduce_mean(drows, axis=0), tf.shape(F)), F.dtype), None, None

    return tf.reduce_mean(w * (1 - cosines)), gradient


def _directions(F: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Features from their weighted mean, divided by their lengths [M, 1], as [M, N], float32."""
    rows = tf.reshape(tf.cast(F, tf.float32), [-1, F.shape[-1]])
    faint = _FAINT**2 * tf.reduce_mean(tf.reduce_sum(tf.square(rows), axis=1))
    centred = rows - tf.reduce_mean(rows if weights is None else tf.reshape(weights, [-1, 1]) * rows, axis=0)
    lengths = tf.sqrt(tf.reduce_sum(tf.square(centred), axis=1, keepdims=True) + faint)
    return tf.math.divide_no_nan(centred, lengths), lengths


def _nearest(directions: Tensor, target: Tensor) -> Tensor:
    """For each row the index of the target's row of greatest cosine, [M], int32; never more than a chunk at once."""
    places, channels = tf.shape(directions)[0], directions.shape[-1]
    chunks = tf.reshape(tf.pad(directions, [[0, -places % _CHUNK], [0, 0]]), [-1, _CHUNK, channels])

    def best(rows: Tensor) -> Tensor:
        return tf.argmax(tf.matmul(rows, target, transpose_b=True), axis=1, output_type=tf.int32)

    matches = tf.map_fn(best, chunks, fn_output_signature=tf.int32, parallel_iterations=1)
    return tf.reshape(matches, [-1])[:places]


def _spread(length: Tensor, count: int) -> Tensor:
    """Indices of so many places spread evenly over a length."""
    return (2 * tf.range(count, dtype=tf.int64) + 1) * tf.cast(length, tf.int64) // (2 * count)
