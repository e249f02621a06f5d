"""What a comparison leaves in its output."""

import io
from pathlib import Path

import pandas as pd
import pytest

from tasks.comparison.judging import judged
from tasks.comparison.outputs import COMPARISON, CURVES, PAGE, REFEREES, gallery, write_comparison
from tasks.comparison.results import Comparison
from tests.tasks.comparison.test_judging import unheard
from tests.tasks.contest import TINY, a_contest, made
from tests.tasks.studio import output_of


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("contest")


@pytest.fixture(scope="module")
def comparison(root: Path) -> Comparison:
    """Two pairs under three configurations."""
    job, trials = a_contest(root)
    return judged(trials, made(trials, job), job, (TINY,), unheard)


def test_tables_are_read_back_as_they_were(root: Path, comparison: Comparison) -> None:
    output = output_of(a_contest(root)[0])
    write_comparison(output, comparison)
    for name, table in (
        (COMPARISON, comparison.results),
        (CURVES, comparison.curves),
        (REFEREES, comparison.crossed),
    ):
        found = pd.read_csv(io.BytesIO(output.read(name)))
        assert list(found.columns) == list(table.columns)
        numbers = table.select_dtypes("number").columns
        pd.testing.assert_frame_equal(found[numbers], table[numbers].reset_index(drop=True), check_dtype=False)
    assert output.read(PAGE).startswith(b"<!DOCTYPE html>")


def test_the_gallery_has_every_picture_and_its_inputs(root: Path, comparison: Comparison) -> None:
    found = gallery(output_of(a_contest(root)[0]), comparison)
    assert set(found.results) == {(it.trial.pair, it.name) for it in comparison.judged}
    assert set(found.contents) == set(found.styles) == set(comparison.pairs)


def test_the_gallery_shows_whole_pairs_where_there_is_no_room_for_all(root: Path, comparison: Comparison) -> None:
    found = gallery(output_of(a_contest(root)[0]), comparison, most=5)
    assert {pair for pair, _ in found.results} == {"hill--wave"}
    assert len(found.results) == 3


def test_a_picture_that_is_gone_leaves_its_place_empty(tmp_path: Path) -> None:
    job, trials = a_contest(tmp_path)
    rows = made(trials, job)
    comparison = judged(trials, rows, job, (TINY,), unheard)
    Path(rows[0].output).unlink()
    found = gallery(output_of(job), comparison)
    assert (trials[0].pair, trials[0].variant.name) not in found.results
    assert len(found.results) == 5
