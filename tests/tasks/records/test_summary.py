"""The summary of a batch, and its CSV files."""

import csv
import io
import math
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_engine.errors import NightbrushError
from tasks.records.csv_files import ResultsError, backbones_csv, read_results, results_csv
from tasks.records.row import COLUMNS, ManifestRow
from tasks.records.summary import BACKBONE_COLUMNS, BatchSummary

ROW = ManifestRow(
    run_id="night-1",
    pair="harbour--wave",
    content="/in/harbour.jpg",
    style="/in/wave.jpg",
    output="/out/vgg19/harbour--wave.png",
    backbone="vgg19",
    weights="imagenet",
    optimizer="adam",
    status="completed",
    width=640,
    height=480,
    iterations=500,
    content_loss=2.0,
    style_loss=0.1 + 0.2,
    tv_loss=1e-17,
    total_loss=3.0,
    seconds_total=10.0,
    iterations_per_second=50.0,
    seed=0,
    engine_version="0.1.0",
    started_at="2025-03-14T22:00:00+00:00",
)
FAILED = replace(
    ROW,
    status="failed",
    error="the picture cannot be read",
    iterations=None,
    content_loss=None,
    style_loss=None,
    tv_loss=None,
    total_loss=None,
    seconds_total=None,
    iterations_per_second=None,
)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    options = {
        str: st.text(),
        int: st.integers(),
        float: st.floats(allow_nan=False),
        type(None): st.none(),
    }
    kinds = get_args(hint) or (hint,)
    if type(None) in kinds:
        options[str] = st.text(min_size=1)
    return st.one_of(*(options[kind] for kind in kinds))


ROWS = st.builds(ManifestRow, **{name: _values(hint) for name, hint in get_type_hints(ManifestRow).items()})


def _cells(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


@given(st.lists(ROWS, max_size=3))
def test_results_are_read_as_they_were_written(rows: list[ManifestRow]) -> None:
    assert read_results(results_csv(rows)) == tuple(rows)


def test_results_have_exactly_the_columns_in_their_order() -> None:
    assert results_csv([ROW]).split(b"\r\n")[0].decode().split(",") == list(COLUMNS)
    assert len(results_csv([ROW, FAILED]).split(b"\r\n")) == 4


def test_a_batch_without_rows_has_a_header_and_nothing_else() -> None:
    assert read_results(results_csv([])) == ()
    assert backbones_csv([]).decode() == ",".join(BACKBONE_COLUMNS) + "\r\n"


def test_numbers_keep_every_digit_and_whole_numbers_stay_whole() -> None:
    (cells,) = _cells(results_csv([ROW]))
    assert (cells["width"], cells["style_loss"], cells["tv_loss"]) == ("640", "0.30000000000000004", "1e-17")
    assert cells["error"] == ""


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)"],
)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(name: str) -> None:
    (cells,) = _cells(results_csv([replace(ROW, pair=name)]))
    assert cells["pair"] == f"'{name}"


def test_a_negative_number_is_no_formula() -> None:
    (cells,) = _cells(results_csv([replace(ROW, total_loss=-2.5)]))
    assert cells["total_loss"] == "-2.5"


def test_commas_quotes_and_line_breaks_stay_in_their_cell() -> None:
    (cells,) = _cells(results_csv([replace(ROW, error='no, "really",\nno')]))
    assert cells["error"] == 'no, "really",\nno'


def test_a_file_name_that_is_not_unicode_does_not_cost_the_file() -> None:
    (row,) = read_results(results_csv([replace(ROW, pair="caf\udce9")]))
    assert row.pair == "caf\\udce9"


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert read_results(b"\xef\xbb\xbf" + results_csv([ROW])) == (ROW,)


def test_columns_of_another_version_are_left_out_or_have_their_defaults() -> None:
    (header, line, _) = results_csv([ROW]).split(b"\r\n")
    assert read_results(b"more,%s\r\n'=1,%s\r\n" % (header, line)) == (ROW,)
    reversed_columns = b"\r\n".join(b",".join(reversed(cells.split(b","))) for cells in (header, line))
    assert read_results(reversed_columns) == (ROW,)
    fewer = b"\r\n".join(b",".join(cells.split(b",")[:-1]) for cells in (header, line))
    assert read_results(fewer) == (ROW,)


def test_a_table_that_a_spreadsheet_has_saved_its_own_way_is_read() -> None:
    lines = csv.reader(io.StringIO(results_csv([ROW]).decode(), newline=""))
    saved = io.StringIO(newline="")
    csv.writer(saved, delimiter=";").writerows(lines)
    assert read_results(saved.getvalue().encode("utf-16")) == (ROW,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"name,age\r\nEve,7\r\n", "the column 'run_id' is not there"),
        (b"", "the column 'run_id' is not there"),
        (results_csv([ROW]).replace(b",seed,", b",sead,"), "the column 'seed' is not there"),
        (results_csv([]).replace(b"\r\n", b",seed\r\n"), "the column 'seed' is there twice"),
        (results_csv([]) + b"a,b\r\n", "line 2: 2 cells instead of 36"),
        (results_csv([ROW]).replace(b",640,", b",wide,"), "line 2: width='wide' is not allowed; use a whole number"),
        (results_csv([ROW]).replace(b",1e-17,", b",little,"), "tv_loss='little' is not allowed; use a number"),
        (b"\xff\xfa", "not a CSV file in UTF-8"),
        (results_csv([]) + b'"open', "not a CSV file in UTF-8"),
    ],
)
def test_refuses_a_foreign_file_and_says_where(data: bytes, reason: str) -> None:
    with pytest.raises(ResultsError, match=reason) as caught:
        read_results(data)
    assert isinstance(caught.value, NightbrushError)


def test_counts_each_status_also_those_that_did_not_occur() -> None:
    assert BatchSummary((ROW, FAILED)).counts == {"completed": 1, "converged": 0, "skipped": 0, "failed": 1}


def test_a_backbone_is_one_line_over_its_pairs_with_a_picture() -> None:
    rows = [
        ROW,
        replace(ROW, status="converged", seconds_total=20.0, total_loss=5.0),
        replace(ROW, status="skipped", seconds_total=30.0, total_loss=7.0),
        replace(FAILED, seconds_total=1000.0, total_loss=1000.0),
    ]
    (cells,) = _cells(backbones_csv(rows))
    assert [cells[name] for name in BACKBONE_COLUMNS[:5]] == ["vgg19", "4", "2", "1", "1"]
    assert [cells[name] for name in ("median_seconds", "total_loss", "content_loss")] == ["20.0", "5.0", "2.0"]
    assert math.isclose(float(cells["p95_seconds"]), 29.0)


def test_a_backbone_that_only_failed_has_empty_cells_for_its_figures() -> None:
    cells = _cells(backbones_csv([replace(FAILED, backbone="resnet50"), ROW]))
    assert [line["backbone"] for line in cells] == ["resnet50", "vgg19"]
    assert [cells[0][name] for name in BACKBONE_COLUMNS[5:]] == [""] * 7


def test_the_period_runs_from_the_first_start_to_the_last_end() -> None:
    late = replace(ROW, started_at="2025-03-15T06:00:00Z", seconds_total=60.0)
    early = replace(ROW, status="skipped", started_at="2024-01-01T00:00:00Z")
    period = BatchSummary((late, ROW, early)).period
    assert period is not None
    assert [moment.isoformat() for moment in period] == ["2025-03-14T22:00:00+00:00", "2025-03-15T06:01:00+00:00"]


def test_the_period_is_in_utc_whatever_the_offsets_of_the_rows() -> None:
    east, west = (replace(ROW, started_at=f"2025-03-14T22:00:00{offset}") for offset in ("+02:00", "-07:00"))
    period = BatchSummary((east, west)).period
    assert period is not None
    assert [moment.isoformat() for moment in period] == ["2025-03-14T20:00:00+00:00", "2025-03-15T05:00:10+00:00"]


def test_there_is_no_period_if_no_row_has_a_time() -> None:
    assert BatchSummary(()).period is None
    assert BatchSummary((replace(ROW, started_at="yesterday"),)).period is None
