import numpy as np
import pytest

from nst_engine import ImageError
from nst_engine.images import decode, resize
from nst_engine.transfer.start_picture import initial_picture
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

CONTENT, STYLE = decode(content_pixels(60, 40)), decode(style_pixels(50, 20))
SIZE = (48, 32)


def test_content_begins_with_the_content_at_that_size() -> None:
    picture = initial_picture(small_config(init="content"), CONTENT, STYLE, {}, SIZE)
    np.testing.assert_array_equal(picture, resize(CONTENT, *SIZE))


def test_noise_is_uniform_and_the_same_for_a_seed() -> None:
    first, again, other = (
        initial_picture(small_config(init="noise", seed=seed), CONTENT, STYLE, {}, SIZE) for seed in (3, 3, 4)
    )
    assert first.shape == (32, 48, 3)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    assert first.mean() == pytest.approx(0.5, abs=0.02)
    assert first.std() == pytest.approx(12**-0.5, abs=0.02)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_wide_style_is_cropped_about_its_middle() -> None:
    picture = initial_picture(small_config(init="style"), CONTENT, STYLE, {}, SIZE)
    np.testing.assert_array_equal(picture, resize(STYLE[:, 10:40], *SIZE))


def test_a_tall_style_is_cropped_about_its_middle() -> None:
    style = decode(style_pixels(30, 50))
    picture = initial_picture(small_config(init="style"), CONTENT, style, {}, SIZE)
    np.testing.assert_array_equal(picture, resize(style[15:35], *SIZE))


@pytest.mark.parametrize("size", [(48, 32), (96, 64), (97, 64)])
def test_a_picture_of_the_user_s_own_is_resized(size: tuple[int, int]) -> None:
    own = decode(noise_pixels(*size))
    picture = initial_picture(small_config(init="own.png"), CONTENT, STYLE, {"own.png": own}, SIZE)
    np.testing.assert_array_equal(picture, resize(own, *SIZE))


def test_refuses_a_picture_of_another_aspect() -> None:
    own = decode(noise_pixels(48, 36))
    with pytest.raises(ImageError, match=r"own\.png' is 48x36 pixels; use a picture of the aspect 48:32"):
        initial_picture(small_config(init="own.png"), CONTENT, STYLE, {"own.png": own}, SIZE)


def test_a_style_is_cropped_to_no_less_than_a_pixel() -> None:
    narrow = np.zeros((400, 4, 3), np.float32)
    picture = initial_picture(small_config(init="style"), narrow, STYLE, {}, (4, 400))
    assert picture.shape == (400, 4, 3)
    assert picture.mean() == pytest.approx(STYLE[:, 24:26].mean(), abs=0.05)
