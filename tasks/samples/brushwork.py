"""Brushes and a canvas for the pictures that the project paints itself, with NumPy and Pillow.

A stroke follows a field of directions, carries two tones and bristle marks, and leaves a relief. In the end a lamp at
the upper left lights the relief. Colours are mixed in OKLab, where equal steps look equal: Ottosson (2020), "A
perceptual color space for image processing". Places, points and directions are complex numbers, x + iy, with y
downwards.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor

from nst_engine.errors import ImageError
from nst_engine.images.color import LAB_OF_ROOTS, LMS_OF_RGB, linear_of_srgb, srgb_of_linear
from nst_engine.types import Picture

Reals: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.complex128]

FINE = 2  # canvas pixels per picture pixel, in each direction
_STEPS = 25  # points of a stroke's path
_BATCH = 1_500_000  # samples of strokes that are laid at once, which bounds the memory
LIGHTNESS = np.array([1.0, 0.0, 0.0])  # the axis of OKLab
# OKLab's matrices to six decimals: of more, the paintings would no longer be the same to the byte
_TO_CONES, _TO_LAB = (matrix.astype(np.float64).round(6).T for matrix in (LMS_OF_RGB, LAB_OF_ROOTS))


@dataclass(frozen=True, kw_only=True)
class Brush:
    """One pass over the canvas.

    Attributes:
        width, length: a stroke's size in pixels, on a picture whose short side is 512.
        coverage: how often the strokes cover the canvas, on average.
        jitter: standard deviation of a stroke's colour, in OKLab.
        wander: standard deviation of a stroke's direction, in radians.
        dryness: 0 covers wholly; 1 breaks up into bristle marks from the middle on.
        taper: 0 ends square, as a knife does; 1 ends in a point.
        lift: change of the lightness, in OKLab.
    """

    width: float
    length: float
    coverage: float = 2.0
    jitter: float = 0.035
    wander: float = 0.1
    dryness: float = 0.5
    taper: float = 0.7
    lift: float = 0.0


def oklab(*names: str) -> Reals:
    """Colours [names, 3] in OKLab from names such as `#0b1440`."""
    srgb = np.array([ImageColor.getrgb(name) for name in names]) / 255
    colors: Reals = np.cbrt(linear_of_srgb(srgb) @ _TO_CONES) @ _TO_LAB
    return colors


def _srgb(colors: Reals) -> Picture:
    return srgb_of_linear(((colors @ np.linalg.inv(_TO_LAB)) ** 3 @ np.linalg.inv(_TO_CONES)).clip(0, 1))


def ramp(at: Reals, names: str) -> Reals:
    """Colours [..., 3] in OKLab at the positions `at`, in [0, 1], of a gradient through the named colours."""
    palette = oklab(*names.split())
    return np.stack([np.interp(at, np.linspace(0, 1, len(palette)), channel) for channel in palette.T], -1)


def noise(rng: np.random.Generator, shape: tuple[int, ...], down: float, across: float) -> Reals:
    """Smooth noise with a standard deviation of about 1 and lumps of `down` x `across` pixels."""
    height, width = shape
    rows, columns = int(height / down) + 4, int(width / across) + 4
    lumps = Image.fromarray(rng.standard_normal((rows, columns)).astype(np.float32))
    box = (1, 1, 1 + width / across, 1 + height / down)
    return 1.6 * np.asarray(lumps.resize((width, height), Image.Resampling.BICUBIC, box), np.float64)


def places(rng: np.random.Generator, width: int, height: int, fine: int = 1) -> Places:
    """The place of each pixel, a little warped: y runs from 0 to 1, x at the same scale."""
    if min(width, height) < 32:
        raise ImageError(f"a painting of {width} x {height} pixels is too small; use at least 32 x 32")
    y, x = np.mgrid[: height * fine, : width * fine] / (height * fine)
    warp = [noise(rng, x.shape, height * fine / 4, height * fine / 4) for _ in range(2)]
    warped: Places = x + 1j * y + 0.014 * (warp[0] + 1j * warp[1])
    return warped


def unit(z: Places) -> Places:
    """Each number scaled to length 1: its direction."""
    directions: Places = z / (np.abs(z) + 1e-6)
    return directions


def bell(distance: Reals, radius: Reals | float) -> Reals:
    """1 at the centre, 1/e at the radius, and 0 far away."""
    return np.exp(-((distance / radius) ** 2))


def _at(plane: npt.NDArray[Any], points: Places) -> npt.NDArray[Any]:
    """Values at points of the canvas, from a plane of the picture's size."""
    rows, columns = (points.imag / FINE).astype(int), (points.real / FINE).astype(int)
    values: npt.NDArray[Any] = plane[rows.clip(0, plane.shape[0] - 1), columns.clip(0, plane.shape[1] - 1)]
    return values


class Canvas:
    """The paint so far, at `FINE` times the picture's size: colours in OKLab, and relief."""

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.rng, self.shape = rng, (height * FINE, width * FINE)
        self.unit = FINE * min(width, height) / 512
        self.colors, self.relief = np.zeros((*self.shape, 3)), np.zeros(self.shape)
        self.bristles = 0.7 * noise(rng, (256, 1024), 2.2, 70) + 0.5 * noise(rng, (256, 1024), 6, 140)

    def paint(self, colors: Reals, flow: Places, *brushes: Brush, where: npt.NDArray[np.bool_] | None = None) -> None:
        """Paint `colors` [height, width, 3] along `flow` [height, width]: over a ground of them, or only `where`."""
        if where is None:
            self.colors[:] = colors.repeat(FINE, 0).repeat(FINE, 1)
        for brush in brushes:
            middle = self._middles(brush)
            middle = middle if where is None else middle[_at(where, middle)]
            paths, tones = self._paths(middle, flow, brush), _at(colors, middle) + brush.lift * LIGHTNESS
            size = int(1.9 * self.unit * brush.length) + 2, int(1.7 * self.unit * brush.width) + 2
            for batch in np.array_split(np.arange(middle.size), middle.size * size[0] * size[1] // _BATCH + 1):
                self._lay(paths[batch], tones[batch], brush, size)

    def _middles(self, brush: Brush) -> Places:
        """The middles of the strokes: spread evenly, in random order."""
        cell = self.unit * (brush.width * brush.length / brush.coverage) ** 0.5
        y, x = np.mgrid[0 : self.shape[0] + cell : cell, 0 : self.shape[1] + cell : cell].reshape(2, -1)
        return self.rng.permutation(x + 1j * y + cell * (self.rng.uniform(-1, 1, (x.size, 2)) @ (1, 1j)))

    def _paths(self, middle: Places, flow: Places, brush: Brush) -> Places:
        """Points [strokes, steps] of strokes that follow the flow both ways from their middles."""
        stride = self.unit * brush.length / (_STEPS - 1) * self.rng.uniform(0.5, 1.3, middle.size)
        stride = stride * np.exp(1j * self.rng.normal(0, brush.wander, middle.size))
        sides = []
        for step in (-stride, stride):
            side = [middle]
            for _ in range(_STEPS // 2):
                half = side[-1] + step / 2 * _at(flow, side[-1])
                side.append(side[-1] + step * _at(flow, half))
            sides.append(side)
        return np.stack([*sides[0][:0:-1], *sides[1]], 1)

    def _lay(self, paths: Places, colors: Reals, brush: Brush, size: tuple[int, int]) -> None:
        """Lay strokes, sampled `size` times along and across; the later ones cover the earlier."""
        rng, count = self.rng, (len(paths), 1, 1)
        u, v = np.linspace(0, 1, size[0])[:, None], np.linspace(-1, 1, size[1])
        radius = 0.5 * self.unit * brush.width * np.exp(rng.normal(0, 0.25, count))
        rows = rng.integers(0, 256, count) + np.rint(v * radius).astype(int)
        columns = rng.integers(0, 1024, count) + (u * size[0] / 2).astype(int)
        bristle = self.bristles[rows % 256, columns % 1024]
        ends = (np.minimum(1, u / 0.12 + 0.3) * np.minimum(1, (1 - u) / 0.5 + 0.1)) ** (0.6 * brush.taper)
        points = _ribbons(paths, u[:, 0], radius * ends * v)
        x, y = np.rint(points.real).astype(int), np.rint(points.imag).astype(int)
        wet = (bristle > brush.dryness * (4 * u - 2 + 0.9 * v**4) - 2.2) & (x >= 0) & (y >= 0)
        wet &= (x < self.shape[1]) & (y < self.shape[0])
        tones = rng.normal(0, brush.jitter, (2, *count, 3)) * (1, 0.6, 0.8)
        paint = colors[:, None, None] + tones[0] + tones[1] * v[:, None] + 0.022 * bristle[..., None] * LIGHTNESS
        body = np.sqrt(radius) * (0.75 + 0.3 * bristle + 0.8 * np.abs(v) ** 3 - 0.3 * u)
        y, x = y[wet], x[wet]
        self.relief[y, x] = 0.35 * self.relief[y, x] + body[wet]
        self.colors[y, x] = paint[wet]

    def picture(self) -> Picture:
        """The canvas as the lamp lights it, at the picture's size."""
        return light(self.colors, self.relief * 0.4 / (self.unit / FINE) ** 0.5)


def _ribbons(paths: Places, u: Reals, offsets: Reals) -> Places:
    """Points [strokes, along, across] at `offsets` beside the paths, `u` of the way along."""
    index, share = (u * (_STEPS - 1.001)).astype(int), u * (_STEPS - 1.001) % 1
    ahead = np.gradient(paths, axis=1)
    spine = paths[:, index] * (1 - share) + paths[:, index + 1] * share
    normal = 1j * unit(ahead[:, index] * (1 - share) + ahead[:, index + 1] * share)
    return spine[..., None] + normal[..., None] * offsets


def light(colors: Reals, relief: Reals) -> Picture:
    """Light the relief from the upper left, and reduce the canvas to the picture's size."""
    down, across = np.gradient(relief)
    lighted = colors + 0.12 * np.tanh(across + 1.2 * down)[..., None] * LIGHTNESS
    height, width = relief.shape
    return _srgb(lighted.reshape(height // FINE, FINE, width // FINE, FINE, 3).mean((1, 3)))
