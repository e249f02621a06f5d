"""What a painter learns from: crops of photographs, in an order that a seed decides."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nst_engine.errors import PainterError
from nst_engine.images import resize, size_within, to_uint8
from nst_engine.types import Picture, Pixels

LEAST = 8
"""Photographs that a painter needs at least: one of them is held out."""

MOST = 400
"""Photographs that are used at most, 0.6 MB each at 512 pixels."""

_HELD_OUT, _MOST_HELD_OUT = 8, 4
"""One of so many photographs is held out, and so many at most."""


class Lesson(NamedTuple):
    """A crop, [1, height, width, 3], float32, in [0, 255], and the strength at which it is to be painted."""

    pixels: npt.NDArray[np.float32]
    strength: float


class Lessons:
    """Photographs at the side that a painter learns for, some of them held out to see how far it is.

    Args:
        photographs: pictures of any size; those whose long side is below `least` are passed over.
        side: long side to which they are resized, in pixels.
        least: in pixels.
        seed: decides the order.

    Raises:
        PainterError: they are too few.
    """

    def __init__(self, photographs: Iterable[Picture], side: int, least: int, seed: int) -> None:
        self._seed = seed
        pictures: list[Pixels] = []
        small = 0
        for picture in photographs:
            if max(picture.shape[:2]) < least:
                small += 1
            elif len(pictures) < MOST:
                pictures.append(_reduced(picture, side))
        if len(pictures) < LEAST:
            passed = f", {small} others have a long side below {least} pixels" if small else ""
            raise PainterError(
                f"{len(pictures)} photographs are too few to learn from{passed}; use {LEAST} or more of {least} pixels"
            )
        held = min(_MOST_HELD_OUT, len(pictures) // _HELD_OUT)
        step = len(pictures) // held
        self._held_out = pictures[: held * step : step]
        self._pictures = [picture for index, picture in enumerate(pictures) if index % step or index >= held * step]

    def held_out(self, side: int) -> tuple[npt.NDArray[np.float32], ...]:
        """The middle of each photograph that is held out, [1, height, width, 3], no longer than `side`."""
        return tuple(
            _as_pixels(picture[_middle(picture.shape[0], side), _middle(picture.shape[1], side)])
            for picture in self._held_out
        )

    def at(self, update: int, side: int) -> Lesson:
        """The lesson of an update, whose crop is no longer than `side`, the same whenever it is asked for."""
        generator = np.random.default_rng((self._seed, update))
        picture = self._pictures[generator.integers(len(self._pictures))]
        rows, columns = (_somewhere(length, side, generator) for length in picture.shape[:2])
        crop = picture[rows, columns]
        if generator.random() < 0.5:
            crop = crop[:, ::-1]
        return Lesson(_as_pixels(crop), _strength(generator))


def _strength(generator: np.random.Generator) -> float:
    """Every other one is the middle, which is asked for most."""
    return 0.5 if generator.random() < 0.5 else float(generator.random())


def _reduced(picture: Picture, side: int) -> Pixels:
    height, width, _ = picture.shape
    return to_uint8(resize(picture, *size_within(width, height, side)))


def _as_pixels(crop: Pixels) -> npt.NDArray[np.float32]:
    return crop[np.newaxis].astype(np.float32)


def _middle(length: int, side: int) -> slice:
    start = max(0, length - side) // 2
    return slice(start, start + side)


def _somewhere(length: int, side: int, generator: np.random.Generator) -> slice:
    start = int(generator.integers(max(0, length - side) + 1))
    return slice(start, start + side)
