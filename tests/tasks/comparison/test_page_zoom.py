"""The script of a comparison's page, in a browser without a window."""

import re
from pathlib import Path

import pytest

from tasks.comparison.page import comparison_page
from tests.tasks.browser import elements_of
from tests.tasks.compared import a_comparison, a_gallery

POINT = """
const rows = document.querySelectorAll(".wall tbody tr");
const press = (row, ...keys) => {
  const shot = rows[row].querySelectorAll(".shot")[2];
  for (const key of keys) shot.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
};
const point = (row, ...kinds) => {
  const shot = rows[row].querySelectorAll(".shot")[1], box = shot.getBoundingClientRect();
  const at = {clientX: box.left + box.width / 4, clientY: box.top + box.height / 2, pointerType: "mouse"};
  for (const kind of kinds) shot.dispatchEvent(new PointerEvent(kind, at));
};
press(0, "Enter", "ArrowUp", "Escape");
press(1, "ArrowLeft", "ArrowDown");
press(2, "+", "Enter", "Tab");
point(3, "pointermove");
point(4, "pointermove", "pointerleave");
point(5, "click", "pointerleave");
point(6, "click", "click");
"""
MOVED = [
    (False, "false", 50, 46, 3),
    (True, "false", 46, 54, 3),
    (True, "true", 50, 50, 3.75),
    (True, "false", 25, 50, 3),
    (False, "false", 25, 50, 3),
    (True, "true", 25, 50, 3),
    (False, "false", 25, 50, 3),
    (False, "false", 50, 50, 3),
]


def test_the_pictures_of_a_row_show_the_same_crop_when_one_is_pointed_at(tmp_path: Path) -> None:
    comparison = a_comparison(pairs=[f"{number}--wave" for number in range(8)])
    page = comparison_page(comparison, a_gallery(comparison))
    rows = re.findall(r"<tr style=.*?</tr>", elements_of(page, tmp_path, POINT), re.DOTALL)
    for row, (near, kept, x, y, zoom) in zip(rows, MOVED, strict=True):
        [style] = re.findall(r'<tr style="([^"]*)"', row)
        crop = list(map(float, re.findall(r"--(?:x|y|zoom): ?([\d.]+)", style)))
        assert crop == pytest.approx([x, y, zoom], abs=1)
        assert ('class="near"' in row.partition(">")[0]) == near
        assert re.findall(r'aria-pressed="(\w+)"', row) == [kept] * 4
        assert row.count('role="button"') == 4
