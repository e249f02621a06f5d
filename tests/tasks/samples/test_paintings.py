import numpy as np
import pytest

from nst_engine.errors import ImageError
from nst_engine.types import Picture
from tasks.samples.paintings import PAINTINGS

WIDTH, HEIGHT = 144, 112

names = pytest.mark.parametrize("name", PAINTINGS)


@pytest.fixture(scope="module")
def paintings() -> dict[str, Picture]:
    return {name: paint(WIDTH, HEIGHT, 0) for name, paint in PAINTINGS.items()}


def test_has_at_least_four_painters() -> None:
    assert len(PAINTINGS) >= 4


@names
def test_paints_a_picture_of_the_size_asked_for(name: str, paintings: dict[str, Picture]) -> None:
    picture = paintings[name]
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.float32
    assert 0 <= picture.min() < picture.max() <= 1


@names
def test_paints_upright_pictures_too(name: str) -> None:
    assert PAINTINGS[name](64, 97, 0).shape == (97, 64, 3)


@names
def test_paints_the_same_bytes_from_the_same_seed(name: str, paintings: dict[str, Picture]) -> None:
    assert PAINTINGS[name](WIDTH, HEIGHT, 0).tobytes() == paintings[name].tobytes()


@names
def test_paints_another_picture_from_another_seed(name: str, paintings: dict[str, Picture]) -> None:
    assert np.abs(PAINTINGS[name](WIDTH, HEIGHT, 1) - paintings[name]).mean() > 0.02


@names
def test_has_strokes_all_over(name: str, paintings: dict[str, Picture]) -> None:
    lightness = paintings[name].mean(-1)
    tiles = lightness.reshape(HEIGHT // 16, 16, WIDTH // 16, 16)
    assert tiles.std((1, 3)).min() > 0.01  # no flat tile of 16 x 16 pixels
    assert np.abs(np.diff(lightness)).mean() > 0.02


@names
def test_has_a_rich_palette_from_dark_to_light(name: str, paintings: dict[str, Picture]) -> None:
    picture = paintings[name]
    dark, light = np.quantile(picture.mean(-1), [0.02, 0.98])
    assert light - dark > 0.4
    assert len(np.unique((picture * 7.99).astype(int).reshape(-1, 3), axis=0)) > 80  # of 512 coarse colours


@names
def test_is_neither_grey_nor_of_one_hue(name: str, paintings: dict[str, Picture]) -> None:
    picture = paintings[name]
    assert (picture.max(-1) - picture.min(-1)).mean() > 0.2
    assert len(np.unique(picture.argmax(-1))) == 3  # red, green and blue each lead somewhere


def test_paintings_differ_in_their_colours(paintings: dict[str, Picture]) -> None:
    means = np.stack([picture.mean((0, 1)) for picture in paintings.values()])
    distances = np.linalg.norm(means[:, None] - means, axis=-1)
    assert distances[~np.eye(len(means), dtype=bool)].min() > 0.05


@names
def test_refuses_a_picture_too_small_to_paint(name: str) -> None:
    with pytest.raises(ImageError, match=r"a painting of 31 x 64 pixels is too small; use at least 32 x 32"):
        PAINTINGS[name](31, 64, 0)
