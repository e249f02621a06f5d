"""`nightbrush learn`: painters that later batches find."""

from pathlib import Path

import pytest

from tests.flows.console import Nightbrush
from tests.tasks.studio import paint

TINY = [text for each in ("side=32", "weights=random", "updates=3") for text in ("--set", each)]


@pytest.fixture
def many(folders: dict[str, Path]) -> None:
    """Nine contents."""
    for seed in range(8):
        paint(folders["content"] / f"hill{seed}.png", seed + 10)


@pytest.mark.usefixtures("many")
def test_a_painter_is_learned_once_and_has_a_page(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    ran = nightbrush("learn", *places, "--backbone", "tiny", *TINY)
    assert ran.status == 0
    [painter] = (folders["output"] / "painters").glob("wave~*.npz")
    assert ran.out.startswith(f"{painter}: 3 updates, on held-out photographs content ")
    assert painter.with_suffix(".html").exists()
    again = nightbrush("learn", *places, "--backbone", "tiny", *TINY)
    assert again.out.startswith(f"{painter}: there already, 3 updates")


def test_a_style_that_cannot_be_learned_is_a_line_and_a_failure(nightbrush: Nightbrush, places: list[str]) -> None:
    ran = nightbrush("learn", *places, "--backbone", "tiny", *TINY)
    assert (ran.status, ran.out) == (1, "")
    assert (
        "nightbrush: tiny/wave failed: 1 photographs are too few to learn from; use 8 or more of 32 pixels" in ran.err
    )


def test_a_configuration_that_cannot_be_painted_is_refused(nightbrush: Nightbrush, places: list[str]) -> None:
    ran = nightbrush("learn", *places, "--backbone", "tiny", *TINY, "--set", "init=noise")
    assert ran.status == 2
    assert "init='noise' cannot be had with method='paint'; use init='content'" in ran.err
