"""Names in charts."""

from itertools import pairwise

import pytest
from matplotlib.text import Text

from tasks.reporting.chart_labels import label_points, labels, shorten, spread_apart
from tasks.reporting.chart_style import WHITE, canvas, lettering


def test_a_label_leaves_out_what_all_have() -> None:
    assert labels(["vgg16 rate=1", "vgg16 rate=5", "vgg16"]) == ["rate=1", "rate=5", "vgg16"]
    assert labels(["vgg16 rate=1"]) == ["vgg16 rate=1"]


def test_a_long_name_keeps_its_ends() -> None:
    short = shorten("style_layers=conv2_block1_1_conv+conv5_block1_1_relu")
    assert (len(short), short[:12], short[-4:]) == (30, "style_layers", "relu")


def test_no_two_labels_are_equal() -> None:
    names = [f"{'a' * 40}{middle}{'b' * 40}" for middle in "xyz"]
    assert len(set(labels(names))) == 3


@pytest.mark.parametrize("name", ["two\nlines", "caf\udce9", "a\x00b"])
def test_a_label_is_one_printable_line(name: str) -> None:
    assert shorten(name).isprintable()


def test_heights_that_are_far_enough_stay_and_others_move_apart() -> None:
    assert spread_apart([0.9, 0.1, 0.5], 0.1) == [0.9, 0.1, 0.5]
    moved = spread_apart([0.5, 0.5, 0.5, 0.1], 0.1)
    assert moved == pytest.approx([0.4, 0.5, 0.6, 0.1])
    assert all(above - below > 0.099 for below, above in pairwise(sorted(moved)))


def test_labels_of_points_cover_neither_points_nor_each_other() -> None:
    points = {f"configuration {number}": (1 + number % 3 / 50, 1 + number / 90) for number in range(14)}
    with lettering():
        drawn, axes = canvas(5, 3)
        axes.plot(*zip(*points.values(), strict=True), "o")
        axes.margins(0.3)
        label_points(axes, points, WHITE)
        drawn.draw_without_rendering()
        boxes = [Text.get_window_extent(text) for text in axes.texts]
    assert len(boxes) == 14
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])
    spots = [axes.transData.transform(point) for point in points.values()]
    assert not any(box.contains(*spot) for box in boxes for spot in spots)
    assert all(axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 for box in boxes)
