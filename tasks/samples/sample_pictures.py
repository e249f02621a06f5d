"""Pictures for the demo: photographs from scikit-image's data, and paintings by the project."""

from collections.abc import Callable, Iterable
from functools import partial

from nst_engine.errors import NightbrushError
from nst_engine.images import decode, encode, resize, size_within
from tasks.samples.paintings import PAINTINGS
from tasks.storage.base import Storage

PHOTOGRAPHS = ("astronaut", "cat", "coffee")
"""Photographs of `skimage.data`: in the public domain or CC0, and inside scikit-image's wheel."""

STYLES = ("swirls", "embers")
"""Names of the paintings that are the demo's styles."""

_SIDE = 640  # long side of a photograph at most, in pixels
_STYLE_SIDE = 512
_QUALITY = 95


class DemoError(NightbrushError):
    """The demo's pictures cannot be made."""


def write_demo(
    contents: Storage, styles: Storage, photographs: Iterable[str] = PHOTOGRAPHS, paintings: Iterable[str] = STYLES
) -> None:
    """Write the demo's photographs to `contents` and its paintings to `styles`, without a download.

    Photographs are JPEG files with a long side of at most 640 pixels, paintings PNG files of 512 x 512. A key that
    exists is left as it is.

    Args:
        contents, styles: the storages to write to.
        photographs: names in `skimage.data`.
        paintings: names in `tasks.samples.paintings.PAINTINGS`.

    Raises:
        DemoError: scikit-image, which holds the photographs, is not installed.
        StorageError: a storage cannot be read or written.
    """
    for name in photographs:
        _write_missing(contents, f"{name}.jpg", partial(_photograph, name))
    for name in paintings:
        _write_missing(styles, f"{name}.png", partial(_painting, name))


def _write_missing(storage: Storage, key: str, make: Callable[[], bytes]) -> None:
    if storage.head(key) is None:
        storage.write(key, make())


def _photograph(name: str) -> bytes:
    try:
        from skimage import data
    except ImportError as error:
        raise DemoError(
            "the demo's photographs need the package scikit-image; run: pip install 'nightbrush[demo]'"
        ) from error
    picture = decode(getattr(data, name)())
    height, width, _ = picture.shape
    size = size_within(width, height, min(_SIDE, max(width, height)))
    return encode(resize(picture, *size), "jpg", _QUALITY)


def _painting(name: str) -> bytes:
    return encode(PAINTINGS[name](_STYLE_SIDE, _STYLE_SIDE, 0), "png", _QUALITY)
