"""The compare flow: every pair under every configuration, judged, and kept in the run's history."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect import State
from prefect.exceptions import ParameterTypeError

from flows.compare import compare_backbones
from nst_engine import ConfigError, WeightsError
from nst_engine.judging.referee import Referee
from tasks.comparison.grid import Grid
from tasks.local_state import HOME
from tasks.storage import StorageError
from tests.flows.batches import copy_of, flow_run_of, results, task_runs_of, two_by_two
from tests.flows.test_review import artifacts_of
from tests.tasks.studio import BROKEN_JPEG, CONFIG

pytestmark = pytest.mark.usefixtures("prefect_api")

GRID = Grid(config=CONFIG, vary={"learning_rate": [1.0, 8.0]})


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Two contents, two styles, and where the output goes."""
    return two_by_two(tmp_path)


def compared(places: dict[str, str], **parameters: Any) -> State[Any]:
    state: State[Any] = compare_backbones(**{**places, "grids": [GRID], **parameters}, return_state=True)
    return state


def table(places: dict[str, str], name: str) -> pd.DataFrame:
    return pd.read_csv(Path(places["output"], name))


@pytest.fixture(scope="module")
def finished(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Places whose comparison is made; no test changes them."""
    del prefect_api
    places = two_by_two(tmp_path_factory.mktemp("finished"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(tmp_path_factory.mktemp("home")))
        assert compared(places).message == "8 of 8 pairs have their picture, 0 failed"
    return places


def test_every_pair_is_made_under_every_configuration_and_judged(finished: dict[str, str]) -> None:
    found = table(finished, "comparison.csv")
    assert list(found.groupby("configuration").size()) == [4, 4]
    assert found[["score", "style_distance", "structural_similarity"]].notna().all(axis=None)
    curves = table(finished, "curves.csv")
    assert list(curves.groupby(["pair", "configuration"]).size()) == [3] * 8
    page = Path(finished["output"], "comparison.html").read_text(encoding="utf-8")
    assert "learning_rate=8" in page


def test_its_pictures_are_those_of_a_batch_and_lie_side_by_side(finished: dict[str, str]) -> None:
    rows = {row.pair: row for row in results(finished)}
    assert len(rows) == 8
    for rate in (1, 8):
        assert Path(rows[f"lake--wave--learning_rate={rate}"].output).exists()
    assert Path(finished["output"], "report.html").exists()


def test_a_second_comparison_makes_nothing_twice_and_a_wider_one_only_what_is_new(
    finished: dict[str, str], tmp_path: Path
) -> None:
    places = copy_of(finished, tmp_path)
    assert {row.status for row in results(places)} == {"completed"}
    first = table(places, "comparison.csv")
    compared(places, grids=[Grid(config=CONFIG, vary={"learning_rate": [1.0, 4.0, 8.0]})])
    statuses = {row.pair: row.status for row in results(places)}
    assert [statuses[f"lake--wave--learning_rate={rate}"] for rate in (1, 4, 8)] == ["skipped", "completed", "skipped"]
    again = table(places, "comparison.csv")
    same = again[again["configuration"] != "learning_rate=4"].reset_index(drop=True)
    pd.testing.assert_series_equal(same["score"], first["score"])


def test_the_history_keeps_pictures_tables_and_the_verdict(places: dict[str, str]) -> None:
    compared(places, include=["content:lake*", "style:wave*"])
    run = flow_run_of(places, "compare on {}")
    assert run.tags == ["tiny"]
    names = {
        *("discover pairs", "report", "compare"),
        *(f"tiny/lake--wave--learning_rate={rate}" for rate in (1, 8)),
    }
    assert set(task_runs_of(run, names)) == names
    found = artifacts_of(run)
    assert {"comparison", "verdict"} <= set(found)
    lines = json.loads(str(found["verdict"].data))
    assert {line["configuration"] for line in lines} == {"learning_rate=1", "learning_rate=8"}
    assert str(found["comparison"].data).count("<img") >= 4


def test_it_says_plainly_that_weights_are_random(places: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    compared(places, include=["content:lake*", "style:wave*"], referee=Referee(backbone="tiny", weights="random"))
    assert "random weights rank pictures by chance: tiny random" in caplog.messages


def test_a_failure_is_a_row_and_the_rest_is_judged(places: dict[str, str]) -> None:
    Path(places["content"], "broken.jpg").write_bytes(BROKEN_JPEG)
    state = compared(places, include=["content:broken*", "content:lake*", "style:wave*"])
    assert state.is_failed()
    assert state.message == "2 of 4 pairs have their picture, 2 failed"
    found = table(places, "comparison.csv").set_index("pair")
    assert found.loc["broken--wave", "score"].isna().all()
    assert found.loc["lake--wave", "score"].notna().all()


@pytest.mark.parametrize("table", ["results.csv", "comparison.csv"])
def test_a_table_that_cannot_be_written_is_named_with_the_number_of_pictures(
    places: dict[str, str], table: str
) -> None:
    Path(places["output"], table).mkdir(parents=True)
    state = compared(places, include=["content:lake*", "style:wave*"])
    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), StorageError)
    assert str(state.message).startswith("2 of 2 pairs have their picture, 0 failed; file '")
    assert f"{table}' cannot be written: Is a directory" in str(state.message)


def test_parameters_are_checked_before_a_run() -> None:
    given = {"content": "a", "style": "b", "output": "c"}
    allowed = compare_backbones.validate_parameters(
        given | {"grids": [{"config": {"backbone": "tiny", "weights": "random"}, "vary": {"side": [32, 64]}}]}
    )
    assert allowed["grids"] == [Grid(config=allowed["grids"][0].config, vary={"side": [32, 64]})]
    with pytest.raises(ParameterTypeError, match="grids: List should have at least 1 item"):
        compare_backbones.validate_parameters(given | {"grids": []})


def test_refuses_a_single_configuration_before_anything_is_made(places: dict[str, str]) -> None:
    state = compared(places, grids=[Grid(config=CONFIG)])
    with pytest.raises(ConfigError, match="there is one configuration only"):
        state.result()
    assert not Path(places["output"], "results.csv").exists()


def test_refuses_a_referee_without_weights_before_anything_is_made(places: dict[str, str]) -> None:
    state = compared(places, referee=Referee(backbone="vgg19", weights="/absent.h5"))
    with pytest.raises(WeightsError, match=r"referee 'vgg19 /absent\.h5' cannot judge"):
        state.result()
    assert not Path(places["output"]).exists()
