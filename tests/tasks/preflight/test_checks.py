import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nst_engine.config import TransferConfig
from nst_engine.errors import NightbrushError, WeightsError
from tasks.local_state import state_folder
from tasks.making import deliverable
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.planning.request import PairingError, Request
from tasks.preflight.checks import preflight, refused_names, require_runnable, unfinished
from tasks.storage import Entry, Storage, StorageError, file_lock, open_storage
from tasks.storage.base import OnError, ignore
from tasks.storage.local import LocalStorage
from tests.tasks.studio import a_job, a_pair, paint


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path)


TINY = Request(backbones=("tiny",))


def refusal(job: Job, *backbones: str, pairing: Any = "every") -> NightbrushError:
    with pytest.raises(NightbrushError) as caught:
        preflight(job, Request(backbones=backbones or ("tiny",), pairing=pairing))
    assert "\n" not in str(caught.value)
    assert not Path(job.output).exists() or Path(job.output).is_file()
    return caught.value


def test_plans_what_can_run_and_leaves_no_trace(job: Job, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert [pair.name for pair in preflight(job, TINY).pairs] == ["tiny/lake--wave"]
    assert sorted(tmp_path.rglob("*")) == before


def test_says_what_is_to_be_known_of_places_without_locks(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: object, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    assert preflight(job, TINY).notes == ()
    monkeypatch.setattr(file_lock, "flock", refuse)
    home, output = preflight(job, TINY).notes
    assert home.startswith(f"files in {str(state_folder())!r} cannot be locked: ")
    assert output.startswith(f"output {job.output!r}: files there cannot be locked: ")


def test_plans_only_what_has_a_partner(job: Job) -> None:
    paint(Path(job.style, "lake.jpg"))
    plan = preflight(job, Request(backbones=("tiny",), pairing="stem"))
    assert [(pair.content.key, pair.style.key) for pair in plan.pairs] == [("lake.png", "lake.jpg")]
    assert plan.unmatched_styles == ("wave.png",)


def test_names_that_the_output_refuses_are_found_by_the_first_of_their_kind(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(_storage: Storage, key: str) -> None:
        tried.append(key)
        if ":" in key:
            raise StorageError(f"{key} is refused")

    monkeypatch.setattr(deliverable, "require_name", refuse)
    names = ["lake", "hill", "a: b", "b: a", "a: b c d e", "sea", "café"]
    plan = Plan(pairs=tuple(a_pair(f"{name}.png") for name in names))
    refused = [(pair.pair, str(error)) for pair, error in refused_names(plan, job)]
    assert refused == [
        ("a: b--wave", "tiny/a: b--wave.png is refused"),
        ("a: b c d e--wave", "tiny/a: b c d e--wave.png is refused"),
    ]
    made_of_new = ["lake", "a: b", "a: b c d e", "café"]
    assert [key for key in tried if key.endswith(".png")] == [f"tiny/{name}--wave.png" for name in made_of_new]


def no_such_folder(job: Job) -> str:
    return f"{job.content}-gone"


def empty_folder(job: Job) -> str:
    folder = Path(job.content).with_name("empty")
    folder.mkdir()
    return str(folder)


def folder_without_pictures(job: Job) -> str:
    folder = Path(empty_folder(job))
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(b"")
    return str(folder)


def file_in_the_place_of_a_folder(job: Job) -> str:
    return str(Path(job.content, "lake.png"))


@pytest.mark.parametrize("side", ["content", "style"])
@pytest.mark.parametrize(
    ("make", "kind", "reason"),
    [
        (no_such_folder, StorageError, "does not exist; check its path"),
        (empty_folder, PairingError, "has no pictures; files in .avif, "),
        (folder_without_pictures, PairingError, "has no pictures; files in .avif, "),
        (file_in_the_place_of_a_folder, StorageError, "is no folder; name the folder that holds it"),
    ],
)
def test_refuses_a_folder_without_pictures(
    job: Job, side: str, make: Callable[[Job], str], kind: type[Exception], reason: str
) -> None:
    folder = make(job)
    error = refusal(replace(job, content=folder) if side == "content" else replace(job, style=folder))
    assert isinstance(error, kind)
    assert repr(folder) in str(error)
    assert reason in str(error)


def test_refuses_a_scheme_that_is_not_known(job: Job) -> None:
    assert "unknown scheme 'ftp'" in str(refusal(replace(job, content="ftp://host/pictures")))


def test_refuses_a_layer_that_one_of_the_backbones_lacks(job: Job) -> None:
    layered = replace(job, config=job.config.replace(style_layers=("block3_conv1",), side=64))
    assert "style_layers='block3_conv1' is not a layer of resnet50; use conv1_conv, " in str(
        refusal(layered, "tiny", "resnet50")
    )


def test_refuses_stems_without_a_match(job: Job) -> None:
    assert "no content has the stem of a style" in str(refusal(job, pairing="stem"))


def test_refuses_weights_that_are_absent(job: Job, tmp_path: Path) -> None:
    path = tmp_path / "mine.h5"
    error = refusal(replace(job, config=job.config.replace(weights=str(path))))
    assert isinstance(error, WeightsError)
    assert str(error) == f"weights file {str(path)!r} cannot be read: No such file or directory"


@pytest.mark.parametrize("side", ["content", "style"])
def test_refuses_an_output_among_the_inputs(job: Job, side: str) -> None:
    for output in (getattr(job, side), f"{getattr(job, side)}/deeper/out"):
        with pytest.raises(PairingError, match=f"lies in the {side} folder .*; choose one outside it"):
            preflight(replace(job, output=output), TINY)


def test_refuses_an_output_that_a_link_leads_among_the_inputs(job: Job, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(job.content)
    with pytest.raises(PairingError, match="lies in the content folder"):
        preflight(replace(job, output=str(tmp_path / "link" / "out")), TINY)


def test_allows_an_output_that_holds_the_inputs(job: Job, tmp_path: Path) -> None:
    assert preflight(replace(job, output=str(tmp_path)), TINY).pairs


@pytest.mark.parametrize("output", ["s3://bucket/photos", "s3://bucket/photos/", "s3://bucket/photos/deeper/out"])
def test_refuses_an_output_among_the_inputs_in_a_bucket(job: Job, output: str) -> None:
    with pytest.raises(PairingError, match=r"output 's3://bucket/photos.*' lies in the content folder"):
        preflight(replace(job, content="s3://bucket/photos", output=output), TINY)


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_refuses_an_output_with_a_file_in_its_way(job: Job, below: str) -> None:
    Path(job.output).write_text("in the way")
    error = refusal(replace(job, output=job.output + below))
    assert isinstance(error, StorageError)
    assert f"{job.output!r} is no folder; choose another" in str(error)


@pytest.mark.parametrize("field", ["init", "blend", "content_masks", "style_masks"])
def test_refuses_a_configuration_that_names_a_file_that_is_not_there(job: Job, field: str) -> None:
    named = "nowhere.png" if field == "init" else ("nowhere.png",)
    error = refusal(replace(job, config=job.config.replace(**{field: named})))
    assert str(error) == "the configuration names 'nowhere.png', which is no file; use the path of a picture"


def test_refuses_a_machine_without_room_for_slots(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path / "contents/lake.png"))
    assert "set NIGHTBRUSH_HOME to a folder of this machine's own that can be written" in str(refusal(job))


def test_lists_each_folder_once_and_what_is_quickly_known_comes_first(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = []

    def listing(storage: LocalStorage, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        listed.append(storage.root.name)
        return real(storage, prefix, onerror)

    real = LocalStorage.list
    monkeypatch.setattr(LocalStorage, "list", listing)
    preflight(job, TINY)
    assert listed == ["contents", "styles"]
    Path(job.output).write_text("in the way")
    refusal(job)
    assert listed == ["contents", "styles"]


def test_checks_the_rows_of_a_list(job: Job, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("content,style,weights\nlake.png,wave.png,/nowhere.h5\n")
    with pytest.raises(PairingError, match=r"pairs\.csv', line 2: weights file '/nowhere\.h5' cannot be read"):
        preflight(job, Request(backbones=("tiny",), pair_list=str(tmp_path / "pairs.csv")))


# a batch that is to run later


def test_a_list_whose_rows_name_their_backbones_needs_no_weights_of_another(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("content,style,backbone,weights\nlake.png,wave.png,tiny,random\n", encoding="utf-8")
    absent = replace(job, config=TransferConfig(backbone="vgg19", weights="imagenet"))
    planned = preflight(absent, Request(backbones=("vgg19",), pair_list=str(pairs)))
    assert planned.backbones == ("tiny",)
    assert not (tmp_path / "keras").exists()


def test_a_batch_can_run_later_though_its_folders_are_still_empty(job: Job) -> None:
    for place in (job.content, job.style):
        for picture in Path(place).iterdir():
            picture.unlink()
    require_runnable(job, TINY)
    assert not Path(job.output).exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"content": "gone"}, "folder '.*gone' does not exist"),
        ({"style": "gone"}, "folder '.*gone' does not exist"),
        ({"output": "{style}/made"}, "lies in the style folder"),
        ({"pairs": "gone.csv"}, r"file '.*gone\.csv' does not exist"),
        ({"weights": "/nowhere.h5"}, r"weights file '/nowhere\.h5' cannot be read: No such file"),
        ({"blend": ("gone.png",)}, r"the configuration names 'gone\.png', which is no file"),
    ],
    ids=str,
)
def test_what_could_not_run_later_is_refused_now(job: Job, changes: dict[str, Any], reason: str) -> None:
    request = replace(TINY, pair_list=changes.get("pairs"))
    places = {name: changes[name].format(**vars(job)) for name in ("content", "style", "output") if name in changes}
    fields = {name: value for name, value in changes.items() if name not in (*places, "pairs")}
    with pytest.raises(NightbrushError, match=reason):
        require_runnable(replace(job, config=job.config.replace(**fields), **places), request)


# what is left to do


def test_every_pair_is_unfinished_where_there_is_no_output_yet(job: Job) -> None:
    assert [pair.name for pair in unfinished(preflight(job, TINY), job)] == ["tiny/lake--wave"]
    assert not Path(job.output).exists()


def test_a_pair_with_a_sidecar_is_not_unfinished(job: Job, tmp_path: Path) -> None:
    for name in ("hill", "isle"):
        paint(tmp_path / "contents" / f"{name}.png")
    plan = preflight(job, TINY)
    output = open_storage(job.output)
    output.write("tiny/hill--wave.json", b"{}")
    output.write("tiny/isle--wave.png", b"a picture without its sidecar")
    output.write("vgg16/lake--wave.json", b"{}")
    assert [pair.name for pair in unfinished(plan, job)] == ["tiny/isle--wave", "tiny/lake--wave"]


# results among the inputs


def night(job: Job, *backbones: str, **request: Any) -> list[str]:
    """Make all pairs of a batch; returns the names of their contents and styles."""
    plan = preflight(job, Request(backbones=backbones or ("tiny",), **request))
    rows = [stylize_pair(pair, job) for pair in plan.pairs]
    assert {row.status for row in rows} <= {"completed", "skipped"}
    return [f"{pair.content.key} {pair.style.key}" for pair in plan.pairs]


@pytest.mark.parametrize("side", ["content", "style"])
def test_a_batch_that_writes_into_its_own_inputs_does_not_stylize_its_results(
    job: Job, tmp_path: Path, side: str
) -> None:
    Path(getattr(job, side)).rename(tmp_path / "tiny")
    inside = replace(
        job, **{side: str(tmp_path / "tiny")}, output=str(tmp_path), config=job.config.replace(snapshot_every=2)
    )
    first = night(inside)
    assert first == ["lake.png wave.png"]
    assert (tmp_path / "tiny" / "lake--wave.steps").is_dir()
    assert night(inside) == first
    assert list(preflight(inside, TINY).warnings()) == [
        f"left out: 3 results in {str(tmp_path / 'tiny')!r} that were made of pictures there"
    ]


def test_results_of_pictures_from_elsewhere_can_be_stylized_where_they_lie(job: Job) -> None:
    night(job)
    again = replace(job, content=f"{job.output}/tiny")
    assert night(again) == night(again) == ["lake--wave.png wave.png"]
    assert sorted(path.name for path in Path(job.output, "tiny").glob("*.png")) == [
        "lake--wave--wave.png",
        "lake--wave.png",
    ]


def test_no_result_is_written_over_an_input(job: Job, tmp_path: Path) -> None:
    Path(job.content).rename(tmp_path / "tiny")
    mine = paint(tmp_path / "tiny" / "lake--wave.png", 8)
    before = mine.read_bytes()
    inside = replace(job, content=str(tmp_path / "tiny"), output=str(tmp_path))
    assert night(inside) == night(inside) == ["lake--wave.png wave.png", "lake.png wave.png"]
    assert mine.read_bytes() == before
    assert len(list(mine.parent.glob("*.png"))) == 4


def test_a_folder_that_holds_nothing_but_results_of_its_own_has_no_pictures(job: Job, tmp_path: Path) -> None:
    Path(job.content).rename(tmp_path / "tiny")
    inside = replace(job, content=str(tmp_path / "tiny"), output=str(tmp_path))
    night(inside)
    (tmp_path / "tiny" / "lake.png").unlink()
    with pytest.raises(PairingError, match=r"content folder '.*tiny' has no pictures; .*; left out: 1 results in"):
        preflight(inside, TINY)
