"""The pixels that a decoder gives, before they are turned upright and converted to sRGB."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from nst_engine.images import sixteen_bit
from nst_engine.images.icc import MAX_PROFILE, SRGB_ICC, to_srgb

Floats = npt.NDArray[np.float32]

_TURNS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {  # by EXIF orientation, how to turn upright
    2: lambda rows: rows[:, ::-1],
    3: lambda rows: rows[::-1, ::-1],
    4: lambda rows: rows[::-1],
    5: lambda rows: rows.swapaxes(0, 1),
    6: lambda rows: np.rot90(rows, -1),
    7: lambda rows: np.rot90(rows, 2).swapaxes(0, 1),
    8: lambda rows: np.rot90(rows),
}


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels with what the file says of them.

    Attributes:
        colours: a Pillow image, or [height, width, 1 or 3], float32 in [0, 1]; not premultiplied.
        alpha: opacity, [height, width], float32 in [0, 1]; None if there is none.
        icc: the embedded profile.
        orientation: as in EXIF.
        notes: as in `Photograph`.
    """

    colours: Image.Image | Floats
    alpha: Floats | None = None
    icc: bytes | None = None
    orientation: int = 1
    notes: tuple[str, ...] = ()

    def turned(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A view of the values, upright."""
        return _TURNS[self.orientation](values) if self.orientation in _TURNS else values

    def in_srgb(self) -> tuple[Floats, bytes | None, tuple[str, ...]]:
        """The colours, upright and converted by the profile; the profile; and a note where it was passed over."""
        if not self.icc or self.icc == SRGB_ICC:
            return self._as_they_are(), self.icc, ()
        if len(self.icc) > MAX_PROFILE:
            note = f"has a colour profile of more than {MAX_PROFILE} bytes, which was passed over"
            return self._as_they_are(), None, (note,)
        converted = to_srgb(_image_of(self.colours), self.icc)
        if converted is None:
            note = "has a colour profile that cannot be used; its colours were taken for sRGB"
            return self._as_they_are(), self.icc, (note,)
        return to_floats(self.turned(np.asarray(converted)), 255), self.icc, ()

    def _as_they_are(self) -> Floats:
        if isinstance(self.colours, np.ndarray):
            return np.ascontiguousarray(self.turned(self.colours))
        image = self.colours
        if image.mode[0] in "IF":
            return to_floats(self.turned(np.asarray(image)[..., np.newaxis]), 1 if image.mode == "F" else 65535)
        return to_floats(self.turned(np.asarray(image if image.mode == "RGB" else image.convert("RGB"))), 255)


def raster_of(image: Image.Image, lower: Image.Image | None = None) -> Raster:
    """The raster of an image that is loaded, and of the lower 8 of its 16 bits if it has them."""
    deep = None if lower is None else sixteen_bit.join_halves(image, lower)
    orientation, notes = _orientation(image)
    return Raster(
        colours=image if deep is None else to_floats(deep[..., :3], 65535),
        alpha=_alpha(image, deep) if image.has_transparency_data else None,
        icc=image.info.get("icc_profile"),
        orientation=orientation,
        notes=notes,
    )


def to_floats(values: npt.NDArray[Any], full: int) -> Floats:
    """The values as shares of `full`, contiguous."""
    shares: Floats = np.divide(values, np.float32(full), dtype=np.float32, order="C", casting="same_kind")
    return shares


def require_shares(values: npt.NDArray[Any]) -> None:
    """Refuse values that are not finite or not in [0, 1]."""
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"its values go from {values.min():g} to {values.max():g}; use finite values in [0, 1]")


def _image_of(colours: Image.Image | Floats) -> Image.Image:
    """Colours as the image that Pillow's converter takes: grey with 16 bits, and RGB with 8."""
    if isinstance(colours, Image.Image):
        return colours
    if colours.shape[2] == 1:
        return Image.fromarray((colours[..., 0] * 65535 + 0.5).astype(np.uint16))
    return Image.fromarray((colours * 255 + 0.5).astype(np.uint8))


def _orientation(image: Image.Image) -> tuple[int, tuple[str, ...]]:
    """The orientation that EXIF data tell, and a note if they cannot be read."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1), ()
    except (SyntaxError, struct.error):
        return 1, ("has EXIF data that cannot be read; it was taken to be upright",)


def _alpha(image: Image.Image, deep: npt.NDArray[np.uint16] | None) -> Floats:
    """Opacity, [height, width] in [0, 1]."""
    if image.mode[0] == "I":
        deep = np.asarray(image)[..., np.newaxis]
    if deep is None:
        return to_floats(np.asarray(image.convert("RGBA").getchannel("A")), 255)
    if deep.shape[2] == 4:
        return to_floats(deep[..., 3], 65535)
    opaque: npt.NDArray[np.bool_] = np.any(deep != image.info["transparency"], axis=2)
    return opaque.astype(np.float32)  # a 16-bit PNG names one colour as transparent; Pillow compares 8 of its bits
