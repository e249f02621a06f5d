from pathlib import Path

import pytest
from PIL import Image

from flows.single import stylize_one
from nst_engine.errors import ImageError
from tests.flows.console import TINY, Nightbrush
from tests.tasks.studio import CONFIG, paint


def test_makes_one_picture_and_says_what_became_of_it(tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    text = stylize_one(*pictures, tmp_path / "new" / "out.png", CONFIG, "cpu")
    assert text.startswith(f"{tmp_path / 'new' / 'out.png'}: 32x24 pixels in ")
    assert "(float32 on CPU:0), 4 steps, total loss " in text
    assert "\n" not in text
    with Image.open(tmp_path / "new" / "out.png") as picture:
        assert picture.size == (32, 24)


def test_the_suffix_decides_the_format(nightbrush: Nightbrush, tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    ran = nightbrush("one", *pictures, "-o", tmp_path / "out.webp", *TINY)
    assert (ran.status, ran.err, len(ran.out.splitlines())) == (0, "", 1)
    with Image.open(tmp_path / "out.webp") as picture:
        assert picture.format == "WEBP"


def test_a_picture_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        stylize_one(paint(tmp_path / "lake.png"), tmp_path / "gone.png", tmp_path / "out.png", CONFIG, "cpu")
