"""Small pictures and configurations: every field that decides a number is set, so that no default does."""

from typing import Any

import numpy as np

from nst_engine.config import TransferConfig
from nst_engine.types import Pixels

CONTENT_LAYERS = ("block2_conv1",)
STYLE_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1")


def small_config(**changes: Any) -> TransferConfig:
    """A short transfer of the `tiny` backbone at 48 pixels, with these fields changed."""
    fields: dict[str, Any] = {
        "backbone": "tiny",
        "weights": "random",
        "content_layers": CONTENT_LAYERS,
        "style_layers": STYLE_LAYERS,
        "pooling": "max",
        "formulation": "mean",
        "content_weight": 1.0,
        "style_weight": 0.1,
        "tv_weight": 0.02,
        "side": 48,
        "init": "content",
        "levels": 1,
        "optimizer": "adam",
        "learning_rate": 5.0,
        "iterations": 12,
        "precision": "float32",
        "jit": "off",
        "record_every": 4,
        "format": "png",
        "quality": 95,
        "seed": 0,
    }
    return TransferConfig(**(fields | changes))


def content_pixels(width: int = 48, height: int = 36) -> Pixels:
    """A disc on a slope of colours, uint8."""
    y, x = np.mgrid[:height, :width] / max(width, height)
    disc = (x - 0.5) ** 2 + (y - 0.35) ** 2 < 0.05
    return _quantized(np.stack([0.2 + 0.6 * x, np.where(disc, 0.9, 0.3), 0.8 - 0.6 * y], axis=2))


def style_pixels(width: int = 32, height: int = 32) -> Pixels:
    """Crossed waves with a grain, uint8."""
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 2 + y / 3), np.sin(x / 3 - y / 2), np.cos(x * y / 40)], axis=2)
    return _quantized(0.5 + 0.35 * waves + 0.1 * np.random.default_rng(1).standard_normal(waves.shape))


def noise_pixels(width: int = 48, height: int = 36, seed: int = 2) -> Pixels:
    """Pixels drawn at random, uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _quantized(picture: np.ndarray) -> Pixels:
    return (picture.clip(0, 1) * 255).round().astype(np.uint8)
