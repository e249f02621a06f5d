"""What earlier releases wrote is read by this one."""

import csv
import json
from pathlib import Path

import pytest

from tasks.records.csv_files import read_results
from tasks.records.row import COLUMNS
from tasks.records.sidecar import SCHEMA, Sidecar, sidecars
from tasks.records.summary import BACKBONE_COLUMNS
from tasks.reporting.outputs import write_outputs
from tasks.storage.local import LocalStorage
from tests.tasks.kept import FIRST, KEPT, copy_kept, kept_sidecars


@pytest.mark.parametrize("path", kept_sidecars(), ids=lambda path: str(path.relative_to(KEPT)))
def test_a_sidecar_of_the_first_release_is_read_with_all_that_it_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = Sidecar.from_json(text.encode())
    assert found.recipe == 1
    assert found.config.keys() == FIRST.fields.keys()
    told, written = json.loads(found.to_json()), json.loads(text)
    assert told.pop("schema") == SCHEMA
    assert {name: told[name] for name in written} == written


@pytest.mark.parametrize("folder", ["out", "study", "bucket"])
def test_the_results_of_the_first_release_are_read_with_all_that_they_say(folder: str) -> None:
    data = (KEPT / folder / "results.csv").read_bytes()
    rows = read_results(data)
    lines = list(csv.DictReader(data.decode().splitlines()))
    assert [(row.pair, row.status) for row in rows] == [(line["pair"], line["status"]) for line in lines]
    made = {sidecar.row for sidecar in sidecars(LocalStorage(str(KEPT / folder))) if isinstance(sidecar, Sidecar)}
    assert made == {row for row in rows if row.status == "completed"}


def test_a_report_over_a_folder_of_the_first_release_is_whole(tmp_path: Path) -> None:
    output = LocalStorage(str(copy_kept(tmp_path) / "out"))
    before = read_results(output.read("results.csv"))
    outcome = write_outputs(output)
    assert outcome.notes == ()
    assert set(read_results(output.read("results.csv"))) == set(before)
    assert [(exhibit.row.pair, len(exhibit.history)) for exhibit in outcome.exhibits] == [
        ("hill--wave", 3),
        ("lake--wave", 3),
    ]


def columns(name: str) -> list[str]:
    return next(csv.reader((KEPT / name).read_text(encoding="utf-8").splitlines()))


def test_the_columns_that_scripts_depend_on_stay() -> None:
    assert set(columns("out/results.csv")) <= set(COLUMNS)
    assert set(columns("out/backbones.csv")) <= set(BACKBONE_COLUMNS)
