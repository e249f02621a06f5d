"""How far each place's features are from the nearest of the style's (Kolkin et al., 2022)."""

from collections.abc import Callable

import tensorflow as tf

from nst_engine.types import Tensor

_SIDE = 64
"""Rows, and columns, of the places that stand for a style."""

_CHUNK = 1024
"""Places of a picture that are compared at once: 16 MB of cosines."""

_FAINT = 1e-3
"""Distance from the mean below which features have no direction to speak of, in root mean squares of features."""


def neighbour_targets(F: Tensor) -> Tensor:
    """Directions of a style's features from their mean, at 64 by 64 places spread evenly.

    Where a side has fewer places, they recur, which changes no nearest neighbour: every style has targets of one shape.

    Args:
        F: features, [1, height, width, N].

    Returns:
        [4096, N], float32, each row of length 1 but where a place's features are the mean itself.
    """
    directions = tf.reshape(_directions(F)[0], tf.shape(F))
    for axis in (1, 2):
        directions = tf.gather(directions, _spread(tf.shape(F)[axis]), axis=axis)
    return tf.reshape(directions, [_SIDE * _SIDE, F.shape[-1]])


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def neighbour_loss(F: Tensor, target: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, None]]]:
    """`mean_i min_j (1 - cos(F_i - mean(F), S_j - mean(S)))`, i places of the picture, j places of the style.

    This is the loss of the paper's last phase, one layer at a time, with a match for each place of the picture.

    Differs from Kolkin et al. (2022): the style's places are chosen evenly, not at random, and the same in each step.

    Args:
        F: features of the picture, [1, height, width, N].
        target: directions of the style's features, [K, N], float32, from `neighbour_targets`.

    Returns:
        A float32 scalar. The matches, and the target, have no gradient.
    """
    directions, lengths = _directions(F)
    matches = _nearest(directions, target)
    cosines = tf.reduce_sum(directions * tf.gather(target, matches), axis=1, keepdims=True)

    def gradient(dloss: Tensor) -> tuple[Tensor, None]:
        places = tf.cast(tf.shape(cosines)[0], tf.float32)
        drows = (cosines * directions - tf.gather(target, matches)) * tf.math.divide_no_nan(dloss, places * lengths)
        return tf.cast(tf.reshape(drows - tf.reduce_mean(drows, axis=0), tf.shape(F)), F.dtype), None

    return 1 - tf.reduce_mean(cosines), gradient


def _directions(F: Tensor) -> tuple[Tensor, Tensor]:
    """Features from their mean, divided by their lengths [M, 1], as [M, N], float32."""
    rows = tf.reshape(tf.cast(F, tf.float32), [-1, F.shape[-1]])
    faint = _FAINT**2 * tf.reduce_mean(tf.reduce_sum(tf.square(rows), axis=1))
    centred = rows - tf.reduce_mean(rows, axis=0)
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


def _spread(length: Tensor) -> Tensor:
    """Indices of 64 places spread evenly over a length."""
    return (2 * tf.range(_SIDE) + 1) * length // (2 * _SIDE)
