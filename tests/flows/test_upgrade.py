"""A batch and a comparison into what the first release has made."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nst_engine.config import releases
from tasks.storage import StorageError
from tests.flows.batches import batch, results
from tests.flows.console import Nightbrush
from tests.flows.test_compare import compared
from tests.tasks.kept import AT_FIRST, CHOSEN, FIRST, KEPT, copy_kept, kept_config
from tests.tasks.studio import engines_made

pytestmark = pytest.mark.usefixtures("prefect_api")

OLDER = (
    "2 pictures are of an earlier release (formulation=mean, now share; style_weight=0.03, now 15.0; "
    "tv_weight=0.01, now 0.3)"
)
AGAIN = f"{OLDER}; they are made again, unless --keep-older (keep_older) is given"
KEPT_AS_THEY_ARE = f"{OLDER}; they stay as they are"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return copy_kept(tmp_path)


@pytest.fixture
def places(kept: Path) -> dict[str, str]:
    """Where the batch of the first release is; its picture that cannot be read is left out."""
    (kept / "contents" / "broken.jpg").unlink()
    return {"content": str(kept / "contents"), "style": str(kept / "styles"), "output": str(kept / "out")}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release with a default of its own."""
    shared = replace(AT_FIRST, fields=AT_FIRST.fields | {"formulation": "share"})
    monkeypatch.setattr(releases, "RELEASES", (FIRST, shared))


def statuses(places: dict[str, str]) -> dict[str, str]:
    return {row.pair: row.status for row in results(places)}


@pytest.mark.usefixtures("later")
def test_a_batch_says_beforehand_what_it_makes_again_and_what_that_costs(
    places: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert batch(places, config=kept_config(formulation="share")).is_completed()
    lines = [line for line in caplog.messages if line == AGAIN or line.startswith(("tiny: 2 x ", "about ", "1/2 "))]
    assert [line.partition(" ")[0] for line in lines] == ["2", "tiny:", "about", "1/2"]
    assert statuses(places) == {"hill--wave": "completed", "lake--wave": "completed"}
    caplog.clear()
    assert batch(places, config=kept_config(formulation="share")).is_completed()
    assert not any("earlier release" in line for line in caplog.messages)
    assert statuses(places) == {"hill--wave": "skipped", "lake--wave": "skipped"}


@pytest.mark.usefixtures("later")
def test_a_batch_that_keeps_older_pictures_makes_none_and_reports_all(
    places: dict[str, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = engines_made(monkeypatch)
    assert batch(places, config=kept_config(formulation="share"), keep_older=True).is_completed()
    assert KEPT_AS_THEY_ARE in caplog.messages
    assert (statuses(places), engines) == ({"hill--wave": "skipped", "lake--wave": "skipped"}, [])
    for name in ("lake--wave.png", "hill--wave.json"):
        assert Path(places["output"], "tiny", name).read_bytes() == Path(KEPT, "out/tiny", name).read_bytes()
    page = Path(places["output"], "report.html").read_text(encoding="utf-8")
    assert all(pair in page for pair in ("hill--wave", "lake--wave"))
    header = (KEPT / "out" / "backbones.csv").read_text().splitlines()[0].split(",")
    assert set(header) <= set(pd.read_csv(Path(places["output"], "backbones.csv")).columns)


def test_a_batch_goes_on_where_it_is_not_known_what_is_older(
    places: dict[str, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("the folder is on fire")

    monkeypatch.setattr("flows.batch.find_older", refuse)
    assert batch(places, config=kept_config(), keep_older=True).is_completed()
    assert "what is older in the output is not known: the folder is on fire" in caplog.messages


def test_a_comparison_of_the_first_release_is_judged_again_and_not_made_again(
    places: dict[str, str], kept: Path
) -> None:
    study = places | {"output": str(kept / "study")}
    grid = {"config": CHOSEN, "vary": {"pooling": ["max", "average"]}}
    referee = {"backbone": "tiny", "weights": "random"}
    before = {path: path.read_bytes() for path in (kept / "study" / "tiny").iterdir()}
    state = compared(study, grids=[grid], referee=referee, keep_older=True)
    assert state.message == "4 of 4 pairs have their picture, 0 failed"
    assert {path: path.read_bytes() for path in (kept / "study" / "tiny").iterdir()} == before
    for name in ("comparison.csv", "curves.csv", "referees.csv"):
        made, found = (pd.read_csv(folder / name) for folder in (KEPT / "study", kept / "study"))
        assert set(made.columns) <= set(found.columns)
        assert len(made) == len(found)


@pytest.fixture
def typed(places: dict[str, str], tmp_path: Path) -> list[str]:
    """The batch as options of `nightbrush run`."""
    fields = kept_config(formulation="share").to_dict().items()
    lines = [f"{name} = {json.dumps(value)}" for name, value in fields if value is not None]
    (tmp_path / "night.toml").write_text("\n".join(lines))
    options = [text for side, place in places.items() for text in (f"--{side}", place)]
    return [*options, "--config", str(tmp_path / "night.toml")]


@pytest.mark.usefixtures("later")
def test_a_dry_run_says_what_is_made_again_and_what_is_kept(nightbrush: Nightbrush, typed: list[str]) -> None:
    lines = nightbrush("run", *typed, "--dry-run").out.splitlines()
    assert lines[3].startswith("2 pairs, 2 of them with a sidecar in ")
    assert lines[4] == AGAIN
    assert lines[5].startswith("tiny: 2 x ")
    assert lines[6].startswith("about ")
    assert nightbrush("run", *typed, "--dry-run", "--keep-older").out.splitlines()[4:] == [KEPT_AS_THEY_ARE]
    for content in Path(typed[typed.index("--content") + 1]).iterdir():
        content.write_bytes(b"")
    assert nightbrush("run", *typed, "--dry-run").status == 1


@pytest.mark.usefixtures("later")
def test_the_command_keeps_older_pictures(
    nightbrush: Nightbrush, typed: list[str], places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = engines_made(monkeypatch)
    assert nightbrush("run", *typed, "--keep-older").status == 0
    assert (statuses(places), engines) == ({"hill--wave": "skipped", "lake--wave": "skipped"}, [])
