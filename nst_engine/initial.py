"""What an optimization starts from."""

import numpy as np

from nst_engine.config import TransferConfig
from nst_engine.errors import ImageError
from nst_engine.images import decode, resize
from nst_engine.types import Picture

_ASPECT_TOLERANCE = 0.02


def initial_picture(config: TransferConfig, content: Picture, style: Picture, size: tuple[int, int]) -> Picture:
    """The first picture, of that width and height.

    A style is cropped to the aspect, about its middle; a picture of the user's own must have the aspect.

    Raises:
        ImageError: the picture that `init` names cannot be read, or has another aspect.
    """
    width, height = size
    match config.init:
        case "content":
            return resize(content, width, height)
        case "style":
            return resize(_cropped(style, width / height), width, height)
        case "noise":
            return np.random.default_rng(config.seed).random((height, width, 3), dtype=np.float32)
        case path:
            return _own_picture(path, width, height)


def _own_picture(path: str, width: int, height: int) -> Picture:
    picture = decode(path)
    own_height, own_width, _ = picture.shape
    if abs(own_width / own_height * height / width - 1) > _ASPECT_TOLERANCE:
        raise ImageError(
            f"init={path!r} is {own_width}x{own_height} pixels; use a picture of the content's aspect, {width}:{height}"
        )
    return resize(picture, width, height)


def _cropped(picture: Picture, aspect: float) -> Picture:
    height, width, _ = picture.shape
    kept_width = min(width, max(1, round(height * aspect)))
    kept_height = min(height, max(1, round(width / aspect)))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return picture[top : top + kept_height, left : left + kept_width]
