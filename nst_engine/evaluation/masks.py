"""Masks: where each style paints, which part of the style it takes, and its share of the style loss.

Spatial control after Gatys et al. (2017), "Controlling Perceptual Factors in Neural Style Transfer".
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.errors import ImageError
from nst_engine.images import require_aspect, resize
from nst_engine.losses.objective import Features
from nst_engine.types import Picture, Tensor

Mask = npt.NDArray[np.float32]
"""[height, width], float32, 1 where a style paints or is taken from, 0 where not."""


def mask_for(masked: Picture, picture: Picture, path: str) -> Mask:
    """Make the mask of a picture from another picture: the mean of its colours, at the size of the first.

    Args:
        masked: the picture that the mask is for.
        picture: the mask as it was read.
        path: path of the mask, for errors.

    Raises:
        ImageError: the mask has another aspect, or is black everywhere.
    """
    height, width, _ = masked.shape
    require_aspect(f"mask {path!r}", picture, width, height)
    mask: Mask = resize(picture, width, height).mean(axis=2)
    if not mask.any():
        raise ImageError(f"mask {path!r} is black everywhere; make white what belongs to the region")
    return mask


def region_shares(weights: Sequence[float], masks: Sequence[Mask]) -> tuple[float, ...]:
    """The share of the style loss that each style has.

    Where styles share a place, their weights decide. A region counts by its area, so that a place is painted as
    strongly in a small region as in a large one, or as without any mask.

    Differs from Gatys et al. (2017): there each region has the same share, whatever its area.

    Args:
        weights: of the styles; they sum to 1.
        masks: of the styles, all of one shape.

    Returns:
        Shares that sum to the painted part of the picture.
    """
    painted = float(np.minimum(np.sum(masks, axis=0), 1).mean())
    areas = [weight * float(mask.mean()) for weight, mask in zip(weights, masks, strict=True)]
    return tuple(painted * area / sum(areas) for area in areas)


def layer_masks(mask: Mask | None, sizes: dict[str, tuple[int, int]]) -> Features:
    """Scale a mask to the places of each layer.

    Args:
        mask: of the picture; None is everywhere.
        sizes: height and width of each layer's features.

    Returns:
        By layer, [1, height, width, 1], float32, its mean 1; empty for None.
    """
    if mask is None:
        return {}
    whole = tf.constant(mask[np.newaxis, ..., np.newaxis])
    return {layer: _of_mean_1(tf.image.resize(whole, size, "area")) for layer, size in sizes.items()}


def _of_mean_1(weights: Tensor) -> Tensor:
    return weights / tf.reduce_mean(weights)
