"""Style pictures that the project paints itself, from a seed.

A painter chooses a colour and a direction for every place, then paints them with brushes from broad to fine.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from nst_engine.types import Picture
from tasks.samples.brushwork import FINE, LIGHTNESS, Brush, Canvas, bell, light, noise, oklab, places, ramp, unit

Painter: TypeAlias = Callable[[int, int, int], Picture]
"""Paints a picture [height, width, 3], sRGB in [0, 1], from a width and a height in pixels and a seed."""

_WHIRLS = ((0.42, 0.38, 0.2, 1), (0.7, 0.55, 0.13, -1), (0.14, 0.58, 0.11, -1))  # x, y, radius, spin
_STARS = ((0.85, 0.17, 0.18), (0.1, 0.13, 0.1), (0.33, 0.1, 0.075), (0.57, 0.12, 0.09), (0.94, 0.44, 0.065))


def paint_swirls(width: int, height: int, seed: int = 0) -> Picture:
    """A night over water: long strokes wind about stars and whirls, in blues and golds."""
    rng = np.random.default_rng(seed)
    z, wide = places(rng, width, height), width / height
    lumps = noise(rng, z.shape, height / 5, height / 3)
    flow, tone = 1 + 0.35j * np.cos(5 * z.real + lumps), 0.15 + 0.34 * z.imag + 0.09 * lumps
    for x, y, radius, spin in _WHIRLS:
        arm = z - complex(x * wide, y)
        far = np.abs(arm)
        flow += 6 * bell(far, radius) * unit(arm) * (1j * spin - 0.25)
        tone += 0.36 * bell(far, 1.2 * radius) * np.cos(2 * spin * np.angle(arm) - 10 * np.log(far / radius + 0.15))
        tone += 0.2 * bell(far, 0.5 * radius)
    sky = ramp(tone, "#0b1440 #12307c #1d5fb4 #4f9fd0 #a9d6de #f4f0cc")
    depth = np.clip((z.imag - 0.77) / 0.24, 0, 1)
    ripple = np.cos(60 * depth**0.7 + 2.5 * lumps)
    sea = ramp(0.5 - 0.45 * depth + 0.2 * ripple, "#0a1238 #10306a #1c6a94 #4fb0ac #9ad8c0")
    for x, y, radius in _STARS:
        arm = z - complex(x * wide, y)
        far = np.abs(arm)
        flow += 8j * bell(far, radius) * unit(arm)
        glow = bell(far, 0.62 * radius)
        gold = ramp(glow + 0.12 * np.cos(16 * far / radius), "#2f74b8 #7fb2a0 #e0b83a #f6b21c #fff2a8")
        sky += np.clip(1.6 * glow - 0.12, 0, 1)[..., None] * (gold - sky)
        path = bell(arm.real, 0.3 * radius + 0.03 * depth) * np.clip(0.55 + 0.6 * ripple, 0, 1)
        sea += path[..., None] * (oklab("#f4bc34") - sea)
    current = 1 + 0.15j * np.cos(9 * z.real + 3 * lumps)
    canvas = Canvas(width, height, rng)
    canvas.paint(
        np.where(depth[..., None] > 0, sea, sky),
        unit(np.where(depth > 0, current, flow)),
        Brush(width=26, length=110, coverage=3, lift=-0.06),
        Brush(width=13, length=80, lift=-0.02),
        Brush(width=8, length=50, coverage=1.2, lift=0.02),
        Brush(width=4.5, length=36, coverage=0.4, lift=0.08),
    )
    return canvas.picture()


def paint_embers(width: int, height: int, seed: int = 0) -> Picture:
    """Fields of red and gold about a glow, slashed on with a palette knife."""
    rng = np.random.default_rng(seed)
    z, lumps = places(rng, width, height), noise(rng, (height, width), height / 3, height / 3)
    fields = rng.uniform(0, 1, (70, 2)) @ (width / height, 1j)
    nearest = np.argmin([np.abs(z - field) for field in fields], 0)
    away = fields - complex(0.6 * width / height, 0.42)
    heat = 1.02 - 1.25 * np.hypot(0.8 * away.real, away.imag) + rng.normal(0, 0.13, fields.size)
    warm = ramp(heat, "#200b1c #4f0f2a #a3172b #dc4419 #f28c1e #fbc550 #fff0c0")
    cool = ramp(heat, "#0f2a3c #1c5a66 #4f9a94 #b8d8b8")
    colors = np.where(rng.uniform(size=(fields.size, 1)) < 0.12, cool, warm)
    canvas = Canvas(width, height, rng)
    canvas.paint(
        colors[nearest],
        np.exp(1j * (0.45 * lumps - 0.7)),
        Brush(width=46, length=120, coverage=3, wander=0.25, taper=0.05, dryness=0.4),
        Brush(width=26, length=84, coverage=1.3, wander=0.45, taper=0.1, dryness=0.7, lift=0.01, jitter=0.045),
        Brush(width=12, length=60, coverage=0.5, wander=0.3, taper=0.2, dryness=0.7, lift=0.03, jitter=0.06),
        Brush(width=3, length=100, coverage=0.1, wander=0.5, lift=0.1, jitter=0.08),
    )
    return canvas.picture()


def paint_meadow(width: int, height: int, seed: int = 0) -> Picture:
    """Poppies below a row of trees on a bright morning, in short dabs of broken colour."""
    rng = np.random.default_rng(seed)
    z, lumps = places(rng, width, height), noise(rng, (height, width), height / 8, height / 6)
    y, scales = z.imag, ((12, 4), (16, 2), (18, 16), (9, 4))
    clouds, bands, crowns, drift = (noise(rng, z.shape, height / down, height / across) for down, across in scales)
    sky = ramp(0.25 + 1.2 * y + 0.26 * clouds, "#3f7cc4 #6fa9de #a9d0ea #f3e6d2 #fff8e8")
    leaves = ramp(0.45 + 0.3 * crowns - 4 * (y - 0.36), "#1f2450 #1f4a52 #2f7048 #6f9a3c #c0c050")
    sun = 0.25 * (0.5 - z.real * height / width)
    grass = ramp(0.72 - 0.4 * y + 0.2 * bands + sun, "#2a3570 #2a6460 #5c9a3e #a9c04a #f4e07c")
    land = np.where(y[..., None] > 0.43, grass, leaves)
    colors = np.where((y > 0.33 + 0.03 * lumps)[..., None], land, sky)
    flow = np.exp(1j * np.where(y > 0.33, 0.45 * lumps - 1.2, 0.6 * clouds))
    canvas = Canvas(width, height, rng)
    trunks = Brush(width=20, length=44, coverage=3, lift=-0.04, jitter=0.04, wander=0.3)
    canvas.paint(colors, flow, trunks, Brush(width=9, length=24, jitter=0.05, wander=0.35))
    blades = Brush(width=6, length=40, coverage=0.8, jitter=0.06, wander=0.3, lift=0.03)
    canvas.paint(colors, flow, blades, where=y > 0.6)
    poppies = ramp(0.5 + 0.3 * lumps, "#8f1230 #c8182a #e8301e #ff6a3c")
    for size, top in ((7, 0.47), (11, 0.6), (16, 0.78)):
        petals = Brush(width=size, length=1.3 * size, coverage=0.5, jitter=0.045, wander=0.6, dryness=0.2, taper=0.9)
        canvas.paint(poppies, np.ones_like(z), petals, where=(drift > 0.1) & (y > top) & (y < 1.35 * top))
    return canvas.picture()


def paint_tesserae(width: int, height: int, seed: int = 0) -> Picture:
    """A mosaic of fans: rings of glass and gold tiles, each tilted a little, in dark grout."""
    rng = np.random.default_rng(seed)
    z, reach, rings = places(rng, width, height, FINE) * height / min(width, height), 0.17, 7
    arm, fan = np.zeros_like(z), np.zeros(z.shape, int)
    for row in range(-1, int(2 * z.imag.max() / reach) + 3):
        column = np.rint(z.real / (2 * reach) - row % 2 / 2)
        there = z - reach * complex(0, row / 2) - reach * (2 * column + row % 2)
        front = np.abs(there) < reach
        arm, fan = np.where(front, there, arm), np.where(front, 97 * row + column, fan).astype(int)
    ring, out = np.divmod(np.abs(arm) / reach * rings, 1)
    step, along = np.divmod(np.angle(arm) / (2 * np.pi) * np.rint(5 * ring + 2.5) + 0.37 * ring, 1)
    tile = (7919 * fan + 613 * ring + 31 * step).astype(int) % 65536
    chance = rng.normal(size=(6, 65536))
    mood = 0.5 + 0.21 * chance[0][fan % 65536] + 0.12 * chance[1][tile]
    sea = ramp(mood, "#0c1f4a #0f4c81 #138a94 #5cc0a8 #e8e2b8")
    warm = ramp(mood, "#8a1f2e #d8502c #f2a52c #ffe08a")
    glass = noise(rng, z.shape, 5, 5)
    colors = np.where(np.isin(ring, (3, 6))[..., None], warm, sea) + 0.02 * glass[..., None] * LIGHTNESS
    colors += chance[2:5].T[tile] * (0.05, 0.018, 0.018)
    edge = np.minimum(0.5 - np.abs(out - 0.5), 0.6 - 1.2 * np.abs(along - 0.5))
    tilt = chance[4][tile] * (out - 0.5) + chance[5][tile] * (along - 0.5)
    relief = np.where(edge < 0.09, 0, 7 * np.minimum(edge, 0.22) + 2 * tilt + 0.12 * glass)
    return light(np.where((edge < 0.09)[..., None], oklab("#1c1a2a"), colors), relief)


PAINTINGS: dict[str, Painter] = {
    "swirls": paint_swirls,
    "embers": paint_embers,
    "meadow": paint_meadow,
    "tesserae": paint_tesserae,
}
"""The painters by name."""
