"""The published comparison of VGG16 with ResNet50, to its end, on a machine without trained weights: `make bench`."""

from pathlib import Path

import pandas as pd
import pytest

from tests.flows.console import in_a_process_of_its_own

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

FEW = ("--set", "side=32", "--set", "iterations=2")


def test_the_second_report_runs_to_its_end_on_pictures_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("skimage", reason="pip install 'nightbrush[demo]'")
    monkeypatch.chdir(tmp_path)
    ran = in_a_process_of_its_own("compare", "--preset", "gatys-vgg16-resnet50", "--set", "weights=random", *FEW)
    assert ran.status == 0, ran.err
    assert "random weights rank pictures by chance: vgg16 random, resnet50 random" in ran.err
    found = pd.read_csv(tmp_path / "comparison" / "output" / "comparison.csv")
    assert len(found) == 15
    assert set(found["weights"]) == {"random"}
    assert found["score"].notna().all()
