"""The picture that an optimization starts from."""

from collections.abc import Mapping

import numpy as np

from nst_engine.config import TransferConfig
from nst_engine.images import require_aspect, resize
from nst_engine.types import Picture


def initial_picture(
    config: TransferConfig, content: Picture, style: Picture, files: Mapping[str, Picture], size: tuple[int, int]
) -> Picture:
    """The initial picture, of that width and height, as `config.init` says.

    A style is cropped to the aspect, about its middle; a picture of the user's own must have that aspect.

    Args:
        config: names the initial picture.
        content, style: pictures of the pair.
        files: pictures that the configuration names, by path.
        size: width and height in pixels.

    Raises:
        ImageError: the picture that `init` names has another aspect.
    """
    width, height = size
    match config.init:
        case "content":
            return resize(content, width, height)
        case "style":
            return resize(_crop(style, width / height), width, height)
        case "noise":
            return np.random.default_rng(config.seed).random((height, width, 3), dtype=np.float32)
        case path:
            require_aspect(f"init={path!r}", files[path], width, height)
            return resize(files[path], width, height)


def _crop(picture: Picture, aspect: float) -> Picture:
    height, width, _ = picture.shape
    kept_width = min(width, max(1, round(height * aspect)))
    kept_height = min(height, max(1, round(width / aspect)))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return picture[top : top + kept_height, left : left + kept_width]
