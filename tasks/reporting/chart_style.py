"""The style of charts: in a page's colours or on white, with few labels, and hairlines instead of a frame."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from tasks.reporting.number_format import figure

_UNNEEDED = re.compile(r'^.*?(?=<svg)| xmlns[:a-z]*="[^"]*"|<(metadata|style).*?</\1>|(?<=<g) id="[^"]*"', re.DOTALL)
"""What inline SVG does not need: prologue, namespaces, dates, a CSS rule that would affect the page, repeated ids."""

_DOTS_PER_INCH = 110

_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours of a chart: `ink` for lines, `faint` for text, `accent` for emphasis, `hues` to tell lines apart."""

    ink: str
    faint: str
    accent: str
    hues: tuple[str, ...]


PAGE = Palette(ink="#010101", faint="#020202", accent="#030303", hues=tuple(f"#04040{number}" for number in range(8)))
"""Placeholders: `inline_svg` replaces each colour by a variable of the page's style sheet."""

WHITE = Palette(
    ink="#556677",
    faint="#667788",
    accent="#cc5533",
    hues=("#a8371b", "#1f6f8b", "#7a6a00", "#6b4c9a", "#2e7d4f", "#b0408c", "#4a5560", "#c77700"),
)
"""For pages whose colours are not known."""

_VARIABLES = {
    PAGE.ink: "--ink",
    PAGE.faint: "--faint",
    PAGE.accent: "--accent",
    **{hue: f"--hue{number}" for number, hue in enumerate(PAGE.hues)},
}


@contextmanager
def lettering() -> Iterator[None]:
    """Set the font of charts for the block. Glyphs may be missing in it: SVG viewers have fonts of their own."""
    with mpl.rc_context({"font.family": "sans-serif", "font.size": 9}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        yield


def canvas(width: float, height: float) -> tuple[Figure, Any]:
    """A figure of `width` x `height` inches, and its axes; draw on them inside `with lettering()`."""
    drawn = Figure(figsize=(width, height), layout="constrained")
    return drawn, drawn.add_subplot(facecolor="none")


def style_axes(axes: Any, hue: str, xlabel: str, ylabel: str = "") -> None:
    """Style the axes: hairlines instead of a frame, and labels without ticks."""
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color=hue, linewidth=0.5, alpha=0.4)
    axes.tick_params(length=0, labelcolor=hue)
    axes.set_xlabel(xlabel, color=hue)
    axes.set_ylabel(ylabel, color=hue)


def few_labels(axes: Any, *, whole: bool) -> None:
    """Put about five labels on the x axis, at round numbers, or at whole numbers only."""
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=_STEPS, integer=whole))


def log_scale(axes: Any, side: Literal["x", "y"]) -> None:
    """Make an axis logarithmic. Labels are at 1, 2 and 5, in a wide range at powers of ten, in a narrow one even."""
    axes.set(**{f"{side}scale": "log"})
    axis = getattr(axes, f"{side}axis")
    low, high = axis.get_view_interval()
    few = LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=6)
    axis.set_major_locator(few if high > 5 * low else MaxNLocator(4, steps=_STEPS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: figure(value)))
    axis.set_minor_locator(NullLocator())


def inline_svg(drawn: Figure, salt: str) -> str:
    """A figure drawn with `PAGE` as inline SVG in the colours of the page.

    Args:
        drawn: the figure.
        salt: a text that no other figure of the page has, which makes the ids unique.
    """
    text = io.StringIO()
    with lettering(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        drawn.savefig(text, format="svg", transparent=True)
    drawing = _UNNEEDED.sub("", text.getvalue())
    for hue, variable in _VARIABLES.items():
        drawing = drawing.replace(hue, f"var({variable})")
    return drawing


def png(drawn: Figure) -> bytes:
    """A figure as a PNG file on white."""
    data = io.BytesIO()
    with lettering():
        drawn.savefig(data, format="png", facecolor="white", dpi=_DOTS_PER_INCH)
    return data.getvalue()
