"""Small pictures and a job over them, for tests that do real transfers in milliseconds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_engine import StyleTransfer
from nst_engine.config import TransferConfig
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.storage import Entry
from tasks.storage.local import LocalStorage

CONFIG = TransferConfig(
    backbone="tiny",
    weights="random",
    side=32,
    levels=1,
    optimizer="adam",
    iterations=4,
    record_every=2,
    precision="float32",
    format="png",
)
BROKEN_JPEG = b"\xff\xd8\xff\xe0 and no picture"


def paint(path: Path, seed: int = 0, width: int = 48, height: int = 36) -> Path:
    """Write a picture of coloured noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def a_job(root: Path, config: TransferConfig = CONFIG) -> Job:
    """A job over `root/contents` and `root/styles`, with one picture in each."""
    paint(root / "contents" / "lake.png", 1)
    paint(root / "styles" / "wave.png", 2, 40, 40)
    places = {"content": root / "contents", "style": root / "styles", "output": root / "out"}
    return Job(config=config, run_id="night", **{name: str(folder) for name, folder in places.items()})


def a_pair(content: str = "lake.png", style: str = "wave.png", **fields: Any) -> PairSpec:
    """A pair, for the network `tiny` unless the fields say otherwise, of files of four bytes."""
    return PairSpec(**{"content": Entry(content, 4), "style": Entry(style, 4), "backbone": "tiny"} | fields)


def entries(*keys: str) -> list[Entry]:
    """Entries, as listed, of files of four bytes."""
    return [Entry(key, 4) for key in keys]


def output_of(job: Job) -> LocalStorage:
    """The storage that the job writes to."""
    return LocalStorage(job.output)


def engines_made(monkeypatch: pytest.MonkeyPatch) -> list[TransferConfig]:
    """The configurations for which networks are loaded from now on."""
    made: list[TransferConfig] = []
    load = StyleTransfer.__init__

    def counting(engine: StyleTransfer, config: TransferConfig, device: str) -> None:
        made.append(config)
        load(engine, config, device)

    monkeypatch.setattr(StyleTransfer, "__init__", counting)
    return made
