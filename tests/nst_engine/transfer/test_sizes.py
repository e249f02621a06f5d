import re

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_engine import TransferConfig
from nst_engine.config.bounds import MOST_SIDE
from nst_engine.errors import ImageError
from nst_engine.images import MAX_PIXELS
from nst_engine.registry.backbones import backbone_spec
from nst_engine.transfer.sizes import level_sizes, result_sizes, small_style_notes, style_size
from tests.nst_engine.small import small_config

BACKBONE = st.sampled_from(["tiny", "vgg16", "resnet50"])


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


def test_a_result_that_could_not_be_read_again_is_refused() -> None:
    content = np.zeros((32, 64, 3), np.float32)
    assert result_sizes(small_config(side=2**14), content)[-1] == (2**14, 2**13)
    with pytest.raises(
        ImageError, match="too large, 134217728 pixels are allowed, at side=16386, which makes it 16386x"
    ):
        result_sizes(small_config(side=2**14 + 2), content)


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


@pytest.mark.parametrize(("scale", "noted"), [(1.0, False), (0.9, False), (2.0, True), (2.02, True)])
def test_a_style_too_small_for_the_scale_that_was_chosen_is_noted(scale: float, noted: bool) -> None:
    style, config = np.zeros((60, 97, 3), np.float32), small_config(style_scale=scale)
    notes = small_style_notes(config, style, 100, "picture 'wave.png'")
    asked = (
        f"picture 'wave.png' has 97 pixels where style_scale={scale:g} asks for {scale * 100:.0f}: it is used as it is"
    )
    assert notes == ((asked,) if noted else ())


@given(own=st.tuples(st.integers(1, 40_000), st.integers(1, 40_000)), side=st.integers(4, MOST_SIDE), backbone=BACKBONE)
def test_a_content_that_does_not_fit_its_side_is_told_the_sides_that_do(
    own: tuple[int, int], side: int, backbone: str
) -> None:
    content = np.broadcast_to(np.float32(0), (own[1], own[0], 3))
    config = TransferConfig(backbone=backbone, weights="random", side=max(side, backbone_spec(backbone).stride))
    refusal = refusal_of(config, content)
    if not refusal:
        width, height = result_sizes(config, content)[-1]
        assert min(width, height) >= config.spec.stride
        assert width * height <= MAX_PIXELS
        return
    told = re.fullmatch(
        r"picture 'a.png' of \d+x\d+ pixels is too .*; (use a side from (\d+) to (\d+)|crop it)", refusal
    )
    assert told
    assert not any(refusal_of(config.replace(side=int(side)), content) for side in told.groups()[1:] if side)


def refusal_of(config: TransferConfig, content: npt.NDArray[np.float32]) -> str:
    """The text with which a content is refused, or none."""
    try:
        result_sizes(config, content, "picture 'a.png'")
    except ImageError as error:
        return str(error)
    return ""


def test_a_panorama_is_told_a_larger_side() -> None:
    with pytest.raises(
        ImageError, match="is too narrow for tiny at side=48, which makes it 48x1; use a side from 800 to"
    ):
        result_sizes(small_config(side=48), np.zeros((10, 2000, 3), np.float32))


def test_a_result_too_large_to_be_read_is_told_a_smaller_side() -> None:
    with pytest.raises(ImageError, match=r"at side=60000, which makes it 60000x45000; use a side from 6 to 13377$"):
        result_sizes(small_config(side=60000), np.zeros((48, 64, 3), np.float32))


def test_a_style_that_is_too_narrow_is_refused() -> None:
    with pytest.raises(ImageError, match="200x3 pixels is too narrow for tiny; use one of 4 pixels or more"):
        style_size(small_config(), np.zeros((3, 200, 3), np.float32), 48)
