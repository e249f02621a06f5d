"""A pair, its row and its sidecar, for tests."""

from dataclasses import replace
from typing import Any

from nst_engine.config import TransferConfig
from tasks.records.row import ManifestRow
from tasks.records.sidecar import Sidecar
from tests.tasks.studio import a_pair

PAIR = a_pair("lake.jpg", "wave.jpg")
CONFIG = TransferConfig(backbone="tiny", weights="random", style_layers=("block1_conv1:2",))


def a_row(**changes: Any) -> ManifestRow:
    row = ManifestRow(
        run_id="run-1",
        pair=PAIR.pair,
        content="/photos/lake.jpg",
        style="/paintings/wave.jpg",
        output="/out/tiny/lake--wave.png",
        backbone="tiny",
        weights="random",
        optimizer="adam",
        status="completed",
        total_loss=1.5,
        seed=0,
        fingerprint="f" * 64,
        engine_version="0.1.0",
        started_at="2025-01-01T00:00:00Z",
    )
    return replace(row, **changes)


def a_sidecar(**changes: Any) -> Sidecar:
    history = ({"step": 0, "total": 2.0}, {"step": 10, "total": 1.5})
    return Sidecar(
        row=a_row(**changes),
        config=CONFIG.to_dict(),
        weights_sha256="w",
        history=history,
        versions={"keras": "3.10"},
        etags={},
    )
