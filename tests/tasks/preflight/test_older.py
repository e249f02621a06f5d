"""Pictures that an upgrade makes anew are told beforehand."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nst_engine.backbones.weights import WeightsSource
from nst_engine.config import releases
from tasks.planning.job import Job
from tasks.planning.request import Request
from tasks.preflight.checks import preflight
from tasks.preflight.older import OlderPictures, find_older
from tasks.records.fingerprint import Identity
from tasks.storage.local import LocalStorage
from tests.tasks.kept import AT_FIRST, FIRST, copy_kept, kept_config

SHARED = replace(AT_FIRST, recipe=2, fields=AT_FIRST.fields | {"formulation": "share"})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job over the pictures of the first release, in one that has a default of its own."""
    kept = copy_kept(tmp_path)
    places = {"content": str(kept / "contents"), "style": str(kept / "styles"), "output": str(kept / "out")}
    return Job(**places, config=kept_config(formulation="share"), run_id="later")


@pytest.fixture
def recipe() -> int:
    """The number of the later release's recipe."""
    return 1


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch, recipe: int) -> None:
    monkeypatch.setattr(releases, "RELEASES", (FIRST, replace(SHARED, recipe=recipe)))


def found(job: Job, pair_list: str | None = None) -> OlderPictures:
    return find_older(preflight(job, Request(backbones=("tiny",), pair_list=pair_list)), job)


def test_pictures_of_earlier_defaults_are_counted_with_what_has_changed(job: Job) -> None:
    older = found(job)
    assert [pair.name for pair in older.workload.firsts["tiny"]] == ["tiny/hill--wave", "tiny/lake--wave"]
    assert older.workload.counts == {"tiny": 2}
    assert older.differences == (
        "formulation=mean, now share",
        "style_weight=0.03, now 15.0",
        "tv_weight=0.01, now 0.3",
    )


def test_pictures_for_whose_configuration_a_recipe_was_raised_are_older(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = replace(job, config=kept_config())
    for pooling, differences in (("average", ()), ("max", ("recipe 1, now 2",))):
        raised = replace(SHARED, recipe=1, recipes={("pooling", pooling): 2})
        monkeypatch.setattr(releases, "RELEASES", (FIRST, raised))
        assert found(named).differences == differences


@pytest.fixture
def packaged_job(job: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job of the packaged VGG16, over a picture that the first release made with the one it had."""
    config = kept_config(backbone="vgg16", weights="packaged")
    path = Path(job.output, "tiny", "hill--wave.json")
    sidecar = json.loads(path.read_text())
    former = Identity(
        content_sha256=sidecar["row"]["content_sha256"],
        style_sha256=sidecar["row"]["style_sha256"],
        config=config,
        files_sha256={},
        weights_sha256=FIRST.packaged["vgg16"],
    )
    sidecar |= {"row": sidecar["row"] | {"fingerprint": former.fingerprint}, "config": config.to_dict()}
    LocalStorage(job.output).write("vgg16/hill--wave.json", json.dumps(sidecar).encode())
    later = (FIRST, replace(AT_FIRST, packaged={"vgg16": "0123456789abcdef"}))
    monkeypatch.setattr(releases, "RELEASES", later)
    source = WeightsSource(path=None, sha256="0123456789abcdef")
    for module in ("tasks.planning.requirements", "tasks.records.fingerprint"):
        monkeypatch.setattr(f"{module}.find_weights", lambda _: source)
    return replace(job, config=config)


def test_pictures_of_other_packaged_weights_are_told_with_both_hashes(packaged_job: Job) -> None:
    older = find_older(preflight(packaged_job, Request(backbones=("vgg16",))), packaged_job)
    assert older.workload.counts == {"vgg16": 1}
    assert older.differences == ("packaged weights 4502df9d0a88, now 0123456789ab",)


@pytest.mark.parametrize("recipe", [2])
def test_pictures_of_an_earlier_recipe_are_older_whatever_is_named(job: Job) -> None:
    named = replace(job, config=kept_config())
    assert found(named).differences == ("recipe 1, now 2",)
    assert found(job).differences[:2] == ("recipe 1, now 2", "formulation=mean, now share")


def test_what_becomes_of_them_is_told_with_the_cost(job: Job) -> None:
    told, cost, total = found(job).lines(job)
    assert told == (
        "2 pictures are of an earlier release (formulation=mean, now share; style_weight=0.03, now 15.0; "
        "tv_weight=0.01, now 0.3); they are made again, unless --keep-older (keep_older) is given"
    )
    assert cost.startswith("tiny: 2 x ")
    assert cost.endswith(" s, each 4 steps to 12x16 pixels")
    assert re.match(r"about [\d.]+ s on this device", total)
    assert list(found(job).lines(job, here=False)) == [told, "they took 13 s when they were made"]


def test_what_is_kept_costs_nothing(job: Job) -> None:
    kept = replace(job, keep_older=True)
    [told] = found(kept).lines(kept)
    assert told.endswith("; they stay as they are")


def changed_input(job: Job) -> None:
    for path in Path(job.output, "tiny").glob("*.json"):
        path.write_text(path.read_text().replace('"content_sha256": "', '"content_sha256": "0'))


def damaged_sidecars(job: Job) -> None:
    for path in Path(job.output, "tiny").glob("*.json"):
        path.write_text("{")


def no_sidecars(job: Job) -> None:
    for path in Path(job.output, "tiny").glob("*.json"):
        path.unlink()


@pytest.mark.parametrize("harm", [changed_input, damaged_sidecars, no_sidecars])
def test_what_is_made_again_for_another_reason_is_not_older(job: Job, harm: Callable[[Job], None]) -> None:
    harm(job)
    older = found(job)
    assert (older.workload.total, list(older.lines(job))) == (0, [])


def test_other_choices_are_not_older(job: Job) -> None:
    assert found(replace(job, config=job.config.replace(iterations=5))).workload.total == 0


@pytest.mark.parametrize("named", [{"formulation": "mean"}, {"formulation": "gatys"}])
def test_no_sidecar_is_read_where_every_release_would_make_the_same(
    job: Job, named: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_storage: LocalStorage, key: str) -> bytes:
        raise AssertionError(f"{key} is not to be read")

    monkeypatch.setattr(LocalStorage, "read", refuse)
    assert found(replace(job, config=kept_config(**named))).workload.total == 0


def test_the_settings_of_a_pair_count(job: Job, tmp_path: Path) -> None:
    rows = ["content,style,name,formulation", "lake.png,wave.png,,mean", "hill.png,wave.png,,"]
    (tmp_path / "pairs.csv").write_text("\n".join(rows))
    older = found(job, str(tmp_path / "pairs.csv"))
    assert [pair.name for pair in older.workload.firsts["tiny"]] == ["tiny/hill--wave"]


def test_many_sidecars_are_read_side_by_side_and_few_pairs_are_kept(job: Job) -> None:
    for number in range(12):
        copies(job, f"copy{number}")
    older = found(job)
    assert (older.workload.total, len(older.workload.firsts["tiny"])) == (14, 5)


def copies(job: Job, name: str) -> None:
    """Another pair of the same bytes, finished too."""
    Path(job.content, f"{name}.png").write_bytes(Path(job.content, "lake.png").read_bytes())
    for path in Path(job.output, "tiny").glob("lake--wave.*"):
        path.with_name(f"{name}--wave{path.suffix}").write_bytes(path.read_bytes())
