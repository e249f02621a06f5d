"""Labels in charts: short names, placed so that they cover nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.text import Text
from matplotlib.transforms import Bbox

from tasks.planning.names import printable
from tasks.reporting.chart_style import Palette

_LONGEST = 30
"""Letters of a label at most."""

_SIZE, _LINE = 8, 11
"""Height of letters and of lines, in points."""


def labels(names: Sequence[str]) -> list[str]:
    """A different label for each name: without the words that all names share, and without the middle if it is long."""
    common = set.intersection(*(set(name.split()) for name in names)) if len(names) > 1 else set()
    own = [" ".join(word for word in name.split() if word not in common) or name for name in names]
    short = list(map(shorten, own))
    counted = Counter(short)
    return [label if counted[label] == 1 else f"{label} ({number})" for number, label in enumerate(short, start=1)]


def shorten(name: str) -> str:
    """A name in one line, its middle replaced by an ellipsis if it is longer than 30 letters."""
    line = printable(" ".join(name.split()))
    half = _LONGEST // 2
    return line if len(line) <= _LONGEST else f"{line[:half]}\N{HORIZONTAL ELLIPSIS}{line[1 - half :]}"


def label_ends(axes: Any, lines: Mapping[str, Any]) -> None:
    """Write each line's label in its colour to the right of the chart, at or near the height where the line ends."""
    across = axes.transData + axes.transAxes.inverted()
    ends = [line.get_xydata()[-1] for line in lines.values()]
    heights = [float(across.transform(end)[1]) for end in ends]
    room = 72 * axes.figure.get_figheight() - 4 * _LINE
    for (label, line), end, height in zip(lines.items(), ends, spread_apart(heights, _LINE / room), strict=True):
        leader = {"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.5, "shrinkA": 1, "shrinkB": 0}
        _write_label(axes, label, end, color=line.get_color(), arrowprops=leader | {"relpos": (0, 0.5)}).set(
            position=(1.03, height), anncoords="axes fraction", va="center"
        )


def spread_apart(heights: Sequence[float], gap: float) -> list[float]:
    """The heights in the same order, moved by the least amount that keeps any two at least `gap` apart."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    ranked = [heights[index] for index in order]
    pushed_up = _push_up(ranked, gap)
    pushed_down = [-height for height in reversed(_push_up([-height for height in reversed(ranked)], gap))]
    middle = {index: (up + down) / 2 for index, up, down in zip(order, pushed_up, pushed_down, strict=True)}
    return [middle[index] for index in range(len(heights))]


def _push_up(ranked: Iterable[float], gap: float) -> list[float]:
    pushed: list[float] = []
    for height in ranked:
        pushed.append(max(height, pushed[-1] + gap) if pushed else height)
    return pushed


def label_points(axes: Any, points: Mapping[str, Any], palette: Palette) -> None:
    """Write each point's label where it covers nothing: beside the point, or farther away with a hairline to it."""
    axes.figure.draw_without_rendering()  # needed to know the positions of the points
    taken = [*_boxes_of_points(axes, points.values()), *_boxes_of_lines(axes)]
    leader = {"arrowstyle": "-", "color": palette.faint, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3}
    for label, point in points.items():
        annotation = _write_label(
            axes, label, point, color=palette.ink, arrowprops=leader, va="center", in_layout=False
        )
        for position in _positions():
            annotation.set(**position)
            annotation.get_window_extent()  # moves the label; this extent includes the hairline
            box = Text.get_window_extent(annotation)
            if _is_within(axes.bbox, box) and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)


def _write_label(axes: Any, label: str, point: Any, **how: Any) -> Any:
    return axes.annotate(label, point, (0, 0), textcoords="offset points", fontsize=_SIZE, parse_math=False, **how)


def _positions() -> Iterator[dict[str, Any]]:
    """Positions to try, in points from the labelled point, nearest first; the last, beside it, is the fallback."""
    for away in range(0, 12 * _LINE, _LINE // 2):
        for up in {away, -away}:
            for right, side in ((7 + away // 3, "left"), (-7 - away // 3, "right")):
                yield {"position": (right, up), "ha": side}
    yield {"position": (7, 0), "ha": "left"}


def _boxes_of_points(axes: Any, points: Iterable[Any]) -> Iterator[Bbox]:
    for x, y in map(axes.transData.transform, points):
        yield Bbox.from_extents(x - 4, y - 4, x + 4, y + 4)


def _boxes_of_lines(axes: Any) -> Iterator[Bbox]:
    """A box around each segment of each line."""
    for line in axes.lines:
        if line.get_linestyle() != "None":
            corners = axes.transData.transform(line.get_xydata())
            yield from (Bbox.from_extents(*one, *other) for one, other in pairwise(corners))


def _is_within(outer: Bbox, inner: Bbox) -> bool:
    return bool(outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1)
