import numpy as np
import pytest

from nst_engine.errors import ImageError
from nst_engine.transfer.sizes import level_sizes, result_sizes, style_size
from tests.nst_engine.small import small_config


def test_one_level_is_the_size_itself() -> None:
    assert level_sizes(300, 200, 1) == ((300, 200),)


def test_sides_go_up_in_steps_of_the_root_of_two() -> None:
    assert level_sizes(512, 512, 4) == ((181, 181), (256, 256), (362, 362), (512, 512))


def test_every_level_has_the_aspect_of_the_last() -> None:
    assert level_sizes(400, 200, 3) == ((200, 100), (283, 142), (400, 200))
    assert level_sizes(200, 400, 3) == ((100, 200), (142, 283), (200, 400))


@pytest.mark.parametrize(("side", "coarsest"), [(512, 128), (500, 177), (1024, 128), (181, 128), (180, 180), (64, 64)])
def test_auto_begins_at_the_first_side_that_is_not_below_128(side: int, coarsest: int) -> None:
    assert level_sizes(side, side // 2, "auto")[0][0] == coarsest


def test_the_result_has_the_long_side_of_the_configuration() -> None:
    content = np.zeros((30, 60, 3), np.float32)
    assert result_sizes(small_config(side=48), content) == ((48, 24),)
    assert result_sizes(small_config(side=None), content) == ((60, 30),)
    assert result_sizes(small_config(side=120, levels=3), content) == ((60, 30), (85, 43), (120, 60))


def test_more_levels_than_the_size_has_begin_at_one_that_can_be_optimized() -> None:
    assert min(level_sizes(32, 32, 16)[0]) >= 1


@pytest.mark.parametrize(
    ("own", "scale", "side", "size"),
    [
        ((200, 100), 1.0, 50, (50, 25)),
        ((200, 100), 2.0, 50, (100, 50)),
        ((200, 100), 1.0, 500, (200, 100)),
        ((200, 10), 1.0, 40, (80, 4)),
        ((10, 4), 1.0, 8, (10, 4)),
    ],
)
def test_a_style_has_the_side_of_the_result_but_is_neither_enlarged_nor_made_too_narrow(
    own: tuple[int, int], scale: float, side: int, size: tuple[int, int]
) -> None:
    style = np.zeros((*own[::-1], 3), np.float32)
    assert style_size(small_config(style_scale=scale), style, side) == size


def test_a_style_that_is_too_narrow_is_refused() -> None:
    with pytest.raises(ImageError, match="200x3 pixels is too narrow for tiny; use one of 4 pixels or more"):
        style_size(small_config(), np.zeros((3, 200, 3), np.float32), 48)
