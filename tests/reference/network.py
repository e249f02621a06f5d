"""The `tiny` backbone in NumPy, float64: convolutions, ReLU and pooling by hand, weights from the documented recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.reference import formulas

Array = npt.NDArray[np.float64]

CHANNELS = {"block1_conv1": 8, "block2_conv1": 16, "block3_conv1": 32}
MEAN_BGR = (103.939, 116.779, 123.68)


def he_normal_kernels(seed: int) -> dict[str, Array]:
    """Kernels [3, 3, in, out] of He et al. (2015), equation 10, drawn layer by layer; biases are zero."""
    generator = np.random.default_rng(seed)
    kernels, inward = {}, 3
    for name, outward in CHANNELS.items():
        drawn = generator.standard_normal((3, 3, inward, outward), dtype=np.float32)
        kernels[name] = drawn.astype(np.float64) * np.sqrt(2 / (9 * inward))
        inward = outward
    return kernels


def convolution(x: Array, kernel: Array, border: Literal["constant", "edge"]) -> Array:
    """A 3x3 convolution (cross-correlation, as networks have it) of [height, width, in], zeros or its edge beyond."""
    height, width, _ = x.shape
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode=border)
    moves = [(i, j) for i in range(3) for j in range(3)]
    total: Array = sum(padded[i : i + height, j : j + width] @ kernel[i, j] for i, j in moves)
    return total


def relu(x: Array) -> Array:
    """`max(x, 0)`."""
    return np.maximum(x, 0)


def pooled(x: Array, reduce: Callable[..., Array]) -> Array:
    """Blocks of 2x2 reduced to one value; a last odd row or column is left out."""
    height, width, channels = x.shape[0] // 2, x.shape[1] // 2, x.shape[2]
    blocks = x[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)
    return reduce(blocks, axis=(1, 3))


def tiny_features(pixels: Array, seed: int = 0, pooling: str = "max") -> dict[str, Array]:
    """Features by layer of pixels [height, width, 3], RGB in [0, 255]."""
    reduce = np.max if pooling == "max" else np.mean
    kernels, features = he_normal_kernels(seed), {}
    x = pixels[..., ::-1] - np.array(MEAN_BGR)
    for depth, name in enumerate(CHANNELS):
        x = features[name] = relu(convolution(x, kernels[name], "constant" if depth else "edge"))
        x = pooled(x, reduce)
    return features


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Terms of a picture, and their weighted sum."""

    content: float
    style: float
    tv: float
    total: float


def losses(
    pixels: Array,
    content: Array,
    style: Array,
    *,
    content_shares: Mapping[str, float],
    style_shares: Mapping[str, float],
    weights: tuple[float, float, float],
    formulation: str = "mean",
    seed: int = 0,
    pooling: str = "max",
    reference: Array | None = None,
) -> Losses:
    """The objective of a picture, all pictures [height, width, 3], RGB in [0, 255]; shares sum to 1.

    With the formulation `share`, `reference` is the picture that the style is measured against.
    """
    F, P, S = (
        {layer: formulas.as_rows(features) for layer, features in tiny_features(picture, seed, pooling).items()}
        for picture in (pixels, content, style)
    )
    if formulation == "share":
        assert reference is not None
        R = {layer: formulas.as_rows(features) for layer, features in tiny_features(reference, seed, pooling).items()}
        terms = (
            sum(
                share * formulas.share_content(F[layer], P[layer], R[layer]) for layer, share in content_shares.items()
            ),
            sum(share * formulas.share_style(F[layer], S[layer], R[layer]) for layer, share in style_shares.items()),
            formulas.share_variation(pixels, content, style, reference),
        )
    else:
        mean = formulation == "mean"
        content_formula = formulas.mean_content if mean else _doubled_gatys_content
        style_formula = formulas.mean_style if mean else formulas.gatys_style_of_two_sizes
        terms = (
            sum(share * content_formula(F[layer], P[layer]) for layer, share in content_shares.items()),
            sum(share * style_formula(F[layer], S[layer]) for layer, share in style_shares.items()),
            (formulas.mean_variation if mean else formulas.gatys_variation)(pixels),
        )
    total = float(np.dot(weights, terms))
    return Losses(content=terms[0], style=terms[1], tv=terms[2], total=total)


def _doubled_gatys_content(F: Array, P: Array) -> float:
    return 2 * formulas.gatys_content(F, P)
