import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from nst_engine.images import decode
from nst_engine.types import Picture
from tasks.samples import sample_pictures
from tasks.samples.sample_pictures import DemoError, write_demo
from tasks.storage.memory import MemoryStorage


def small_painting(width: int, height: int, seed: int) -> Picture:  # noqa: ARG001 - a painter's arguments
    return np.full((32, 32, 3), 0.5, np.float32)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paintings have tests of their own, and take seconds."""
    monkeypatch.setattr(sample_pictures, "PAINTINGS", dict.fromkeys(sample_pictures.STYLES, small_painting))


def written() -> tuple[MemoryStorage, MemoryStorage]:
    contents, styles = MemoryStorage(), MemoryStorage()
    write_demo(contents, styles)
    return contents, styles


def keys(storage: MemoryStorage) -> list[str]:
    return [entry.key for entry in storage.list()]


@pytest.mark.usefixtures("quick")
def test_writes_photographs_and_paintings() -> None:
    contents, styles = written()
    assert keys(contents) == ["astronaut.jpg", "cat.jpg", "coffee.jpg"]
    assert keys(styles) == ["embers.png", "swirls.png"]


@pytest.mark.usefixtures("quick")
def test_writes_files_of_the_kind_their_names_say() -> None:
    contents, styles = written()
    assert {Image.open(BytesIO(contents.read(key))).format for key in keys(contents)} == {"JPEG"}
    assert {Image.open(BytesIO(styles.read(key))).format for key in keys(styles)} == {"PNG"}


@pytest.mark.usefixtures("quick")
def test_photographs_decode_and_measure_at_most_640_pixels() -> None:
    contents, _ = written()
    for picture in (decode(contents.read(key)) for key in keys(contents)):
        assert 300 <= min(picture.shape[:2]) <= max(picture.shape[:2]) <= 640
        assert picture.std() > 0.1


@pytest.mark.usefixtures("quick")
def test_scales_down_a_photograph_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_pictures, "_SIDE", 100)
    contents, _ = written()
    assert {max(decode(contents.read(key)).shape) for key in keys(contents)} == {100}


def test_paints_its_styles_at_512_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_pictures, "STYLES", ("swirls",))
    _, styles = written()
    picture = decode(styles.read("swirls.png"))
    assert picture.shape == (512, 512, 3)
    assert picture.mean((0, 1)).argmax() == 2  # a blue night


@pytest.mark.usefixtures("quick")
def test_keeps_a_file_that_is_there() -> None:
    contents, styles = MemoryStorage({"cat.jpg": b"my cat"}), MemoryStorage({"embers.png": b"my style"})
    write_demo(contents, styles)
    assert contents.read("cat.jpg") == b"my cat"
    assert styles.read("embers.png") == b"my style"
    assert keys(contents) == ["astronaut.jpg", "cat.jpg", "coffee.jpg"]


@pytest.mark.usefixtures("quick")
def test_writes_the_same_bytes_each_time() -> None:
    for first, second in zip(written(), written(), strict=True):
        assert [first.read(key) for key in keys(first)] == [second.read(key) for key in keys(second)]


@pytest.mark.usefixtures("quick")
def test_names_the_install_line_where_scikit_image_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(DemoError, match=r"scikit-image; run: pip install 'nightbrush\[demo\]'"):
        written()


def test_imports_neither_prefect_nor_tensorflow_nor_scikit_image() -> None:
    heavy = "{'prefect', 'tensorflow', 'skimage'}"
    program = f"import sys, tasks.samples.sample_pictures; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"  # noqa: S603 - ourselves
