import numpy as np
import pytest

from nst_engine.pyramid import level_sizes, result_sizes
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
