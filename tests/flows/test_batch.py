"""The batch flow, under a real Prefect server."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, PREFECT_RESULTS_PERSIST_BY_DEFAULT, temporary_settings
from prefect.utilities.callables import parameter_schema

from flows.batch import stylize_batch
from nst_engine import TransferConfig
from nst_engine.errors import ConfigError, NightbrushError
from tasks.local_state import HOME
from tasks.planning.request import PairingError
from tests.flows.batches import PAIRS, TASKS, batch, copy_of, flow_run_of, results, task_runs_of, two_by_two
from tests.tasks.studio import BROKEN_JPEG, CONFIG, paint

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Two contents, two styles, and where the output goes."""
    return two_by_two(tmp_path)


@pytest.fixture(scope="module")
def finished(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Places whose batch is made; no test changes them."""
    del prefect_api
    places = two_by_two(tmp_path_factory.mktemp("finished"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(tmp_path_factory.mktemp("home")))
        state = batch(places)
    assert (state.name, state.message) == ("Completed", "4 of 4 pairs have their picture, 0 failed")
    return places


def test_stylizes_every_content_with_every_style(finished: dict[str, str]) -> None:
    assert [(row.pair, row.status) for row in results(finished)] == [(pair, "completed") for pair in PAIRS]
    found = {str(path.relative_to(finished["output"])) for path in Path(finished["output"]).rglob("*.*")}
    pictures = {f"{name}.{suffix}" for name in TASKS for suffix in ("png", "json")}
    assert found == pictures | {"results.csv", "backbones.csv", "report.html"}


def test_runs_bear_names_that_a_person_can_find(finished: dict[str, str]) -> None:
    run = flow_run_of(finished)
    assert {row.run_id for row in results(finished)} == {str(run.id)}
    states = {task.name: task.state_name for task in task_runs_of(run, TASKS).values()}
    assert {name for name in states if not name.startswith("report")} == {"discover pairs", *TASKS}
    assert {states[name] for name in TASKS} == {"Completed"}


def test_a_broken_picture_costs_its_rows_and_fails_the_run(places: dict[str, str]) -> None:
    Path(places["content"], "broken.jpg").write_bytes(BROKEN_JPEG)
    state = batch(places)
    assert (state.name, state.message) == ("Failed", "4 of 6 pairs have their picture, 2 failed")
    failed = [row for row in results(places) if row.status == "failed"]
    assert [row.pair for row in failed] == ["broken--swirl", "broken--wave"]
    assert all(row.content in str(row.error) and "cannot be read" in str(row.error) for row in failed)
    assert all(Path(places["output"], f"{name}.png").exists() for name in TASKS)
    assert "broken" in Path(places["output"], "report.html").read_text(encoding="utf-8")
    task = task_runs_of(flow_run_of(places), ["tiny/broken--wave"])["tiny/broken--wave"]
    assert task.state is not None
    assert (task.state.name, task.state.message) == ("Failed", failed[1].error)


def test_what_the_report_could_not_read_is_a_warning(places: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    damaged = Path(places["output"], "tiny", "earlier.json")
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{", encoding="utf-8")
    assert batch(places).is_completed()
    assert any(f"{str(damaged)!r} cannot be used" in line for line in caplog.messages)


def test_failures_may_be_allowed(places: dict[str, str]) -> None:
    Path(places["content"], "broken.jpg").write_bytes(BROKEN_JPEG)
    state = batch(places, allow_failures=True)
    assert (state.name, state.message) == ("Completed", "4 of 6 pairs have their picture, 2 failed")


def test_a_run_of_failures_alone_has_its_report(places: dict[str, str]) -> None:
    for path in Path(places["content"]).iterdir():
        path.write_bytes(BROKEN_JPEG)
    assert batch(places).message == "0 of 4 pairs have their picture, 4 failed"
    assert {row.status for row in results(places)} == {"failed"}


def test_a_second_run_makes_nothing_anew(finished: dict[str, str], tmp_path: Path) -> None:
    places = copy_of(finished, tmp_path)
    first = results(places)
    state = batch(places)
    assert state.message == "4 of 4 pairs have their picture, 0 failed"
    again = results(places)
    assert [row.status for row in again] == ["skipped"] * 4
    assert [row.output_sha256 for row in again] == [row.output_sha256 for row in first]
    assert {row.run_id for row in again}.isdisjoint(row.run_id for row in first)


def test_goes_on_where_an_earlier_run_ended(finished: dict[str, str], tmp_path: Path) -> None:
    places = copy_of(finished, tmp_path)
    for suffix in ("png", "json"):
        Path(places["output"], f"tiny/lake--swirl.{suffix}").unlink()
    batch(places)
    assert [row.status for row in results(places)] == ["skipped", "completed", "skipped", "skipped"]


def test_keeps_the_order_of_many_pairs(places: dict[str, str]) -> None:
    for number in range(6):
        paint(Path(places["content"], f"more{number}.png"), 20 + number)
    Path(places["style"], "wave.jpg").unlink()
    batch(places)
    names = ["hill", "lake", *(f"more{number}" for number in range(6))]
    assert [row.pair for row in results(places)] == [f"{name}--swirl" for name in names]


def test_pairs_by_stem(places: dict[str, str]) -> None:
    paint(Path(places["style"], "lake.webp"), 8)
    assert batch(places, pairing="stem").message == "1 of 1 pairs have their picture, 0 failed"
    assert [row.pair for row in results(places)] == ["lake--lake"]


def test_pairs_side_by_side_what_the_patterns_let_through(places: dict[str, str]) -> None:
    paint(Path(places["content"], "draft.png"), 9)
    assert batch(places, pairing="zip", include=["*.png", "style:*.jpg"], exclude=["draft*"]).is_completed()
    assert [row.pair for row in results(places)] == ["hill--swirl", "lake--wave"]


def test_makes_the_pairs_of_a_list_with_their_own_settings(places: dict[str, str], tmp_path: Path) -> None:
    rows = ["lake.png,wave.jpg,,", "lake.png,wave.jpg,large,48", "hill.png,swirl.jpg,larger,64"]
    (tmp_path / "pairs.csv").write_text("\n".join(["content,style,name,side", *rows]))
    assert batch(places, pairs=str(tmp_path / "pairs.csv")).message == "3 of 3 pairs have their picture, 0 failed"
    made = {row.pair: (row.width, Path(row.output).name) for row in results(places)}
    assert made == {"lake--wave": (32, "lake--wave.png"), "large": (48, "large.png"), "larger": (64, "larger.png")}


def test_stylizes_pictures_of_awkward_names(places: dict[str, str]) -> None:
    for path in Path(places["style"]).iterdir():
        path.rename(path.with_stem(f"{path.stem}=-- {{x}} [b]%s"))
    for name in ("with space", "-rf", "a=b", "new\nline", "cafe\u0301", "日本", "<b>&amp;", "'q\"uo,te"):
        paint(Path(places["content"], f"{name}.png"), len(name))
    state = batch(places)
    assert (state.name, state.message) == ("Completed", "20 of 20 pairs have their picture, 0 failed")
    assert all(Path(row.output).is_file() and Path(row.content).is_file() for row in results(places))
    assert batch(places).is_completed()
    assert {row.status for row in results(places)} == {"skipped"}


def test_logs_what_has_no_partner(places: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    paint(Path(places["style"], "lake.webp"), 8)
    batch(places, pairing="stem")
    assert "left out: content hill.png has no partner" in caplog.messages


def test_prefect_keeps_no_plan(places: dict[str, str], tmp_path: Path) -> None:
    kept = {PREFECT_RESULTS_PERSIST_BY_DEFAULT: True, PREFECT_LOCAL_STORAGE_PATH: tmp_path / "results"}
    with temporary_settings(kept):
        batch(places)
    found = task_runs_of(flow_run_of(places), ["discover pairs", *TASKS])
    kept = {name for name, task in found.items() if task.state and task.state.data is not None}
    assert kept.issuperset(TASKS)
    assert "discover pairs" not in kept


# parameters, as the run form sends them


def test_takes_a_configuration_as_a_dictionary(places: dict[str, str]) -> None:
    Path(places["style"], "wave.jpg").unlink()
    state = batch(places, config={**CONFIG.to_dict(), "seed": 3, "style_layers": ["block1_conv1", "block3_conv1:2"]})
    assert state.is_completed()
    assert {row.seed for row in results(places)} == {3}


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"config": {"iterations": 0}}, "iterations=0 is not allowed; use a whole number from 1 to 10000000"),
        ({"config": {"sidde": 64}}, "sidde"),
        ({"pairing": "nearest"}, "'every', 'stem', 'zip' or 'list'"),
        ({"include": "*.jpg"}, "valid list"),
        ({"backbones": "tiny"}, "valid list"),
    ],
)
def test_refuses_wrong_parameters_before_the_run(
    places: dict[str, str], parameters: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ParameterTypeError, match=reason):
        stylize_batch.validate_parameters({**places, **parameters})


def test_the_form_offers_every_field_of_the_configuration() -> None:
    schema = parameter_schema(stylize_batch.fn)
    assert schema.required == ["content", "style", "output"]
    assert set(schema.definitions["TransferConfig"]["properties"]) == {field.name for field in fields(TransferConfig)}


# a batch that cannot run


def refusal(places: dict[str, str], **parameters: Any) -> Exception:
    state = batch(places, **parameters)
    assert state.is_failed()
    with pytest.raises(NightbrushError) as caught:
        state.result()
    assert not Path(places["output"]).exists()
    return caught.value


def test_refuses_a_backbone_named_twice(places: dict[str, str]) -> None:
    error = refusal(places, backbones=["tiny", "tiny"])
    assert isinstance(error, PairingError)
    assert "names one twice" in str(error)


def test_refuses_a_backbone_that_the_configuration_does_not_fit(places: dict[str, str]) -> None:
    config = CONFIG.replace(style_layers=("block1_conv1",))
    error = refusal(places, config=config, backbones=["tiny", "resnet50"])
    assert isinstance(error, ConfigError)
