"""How charts are drawn."""

import re

import pytest

from tasks.reporting.chart_style import PAGE, canvas, inline_svg, lettering, log_scale


def labels_of(low: float, high: float) -> list[str]:
    with lettering():
        drawn, axes = canvas(4, 3)
        axes.plot([0, 1], [low, high])
        log_scale(axes, "y")
        drawn.draw_without_rendering()
        bottom, top = axes.get_ylim()
        return [label.get_text() for label in axes.get_yticklabels() if bottom <= label.get_position()[1] <= top]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (1.0, 1e6, ["1", "100", "10,000", "1,000,000"]),
        (1.0, 30.0, ["1", "2", "5", "10", "20"]),
        (0.41, 0.47, ["0.42", "0.44", "0.46"]),
    ],
)
def test_a_log_scale_has_labels_however_much_it_spans(low: float, high: float, labels: list[str]) -> None:
    assert labels_of(low, high) == labels


def test_inline_svg_has_no_colours_names_or_ids_but_those_of_the_page() -> None:
    drawn, axes = canvas(4, 3)
    for hue in (PAGE.ink, PAGE.faint, PAGE.accent, *PAGE.hues):
        axes.plot([1, 2], color=hue)
    one, other = inline_svg(drawn, "one"), inline_svg(drawn, "other")
    assert len(set(re.findall(r"stroke: var\((--\w+)\)", one))) == 11
    assert not any(hue in one for hue in (PAGE.ink, *PAGE.hues))
    assert "xmlns" not in one
    assert not set(re.findall(r'id="([^"]+)"', one)) & set(re.findall(r'id="([^"]+)"', other))
