"""Array aliases, each with its shape, range and dtype."""

from os import PathLike
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

Picture: TypeAlias = npt.NDArray[np.float32]
"""[height, width, 3], float32, sRGB in [0, 1]."""

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""[height, width, 3], uint8, sRGB."""

PictureSource: TypeAlias = str | PathLike[str] | bytes | Image | Picture | Pixels
"""Anything that a picture can be read from: a path, a file's bytes, a Pillow image or an array."""

Tensor: TypeAlias = Any
"""A TensorFlow tensor; TensorFlow ships no types, so docstrings say shapes and dtypes."""
