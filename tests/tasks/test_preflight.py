from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nst_engine.errors import ConfigError, NightbrushError, WeightsError
from tasks.pairs import PairingError, PairSpec
from tasks.preflight import preflight
from tasks.storage import StorageError
from tasks.work import Job
from tests.tasks.studio import a_job, a_pair, paint


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path)


def refusal(job: Job, *backbones: str, pairing: Any = "every") -> NightbrushError:
    with pytest.raises(NightbrushError) as caught:
        preflight(job, backbones or ["tiny"], pairing)
    assert "\n" not in str(caught.value)
    assert not Path(job.output).exists() or Path(job.output).is_file()
    return caught.value


def test_plans_what_can_run_and_leaves_no_trace(job: Job, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert preflight(job, ["tiny"], "every").pairs == (a_pair(),)
    assert sorted(tmp_path.rglob("*")) == before


def test_plans_only_what_has_a_partner(job: Job) -> None:
    paint(Path(job.style, "lake.jpg"))
    plan = preflight(job, ["tiny"], "stem")
    assert plan.pairs == (PairSpec(content="lake.png", style="lake.jpg", backbone="tiny"),)
    assert plan.unmatched_styles == ("wave.png",)


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


def test_refuses_an_unknown_backbone_and_lists_the_known(job: Job) -> None:
    error = refusal(job, "tiny", "vgg99")
    assert isinstance(error, ConfigError)
    assert str(error).startswith("backbone='vgg99' is not known; use vgg16, ")


def test_refuses_a_layer_that_one_of_the_backbones_lacks(job: Job) -> None:
    layered = replace(job, config=job.config.replace(style_layers=("block3_conv1",), side=64))
    assert "style_layers='block3_conv1' is not a layer of resnet50; use conv1_conv, " in str(
        refusal(layered, "tiny", "resnet50")
    )


def test_refuses_a_backbone_named_twice(job: Job) -> None:
    assert "names one twice" in str(refusal(job, "tiny", "tiny"))


def test_refuses_an_unknown_pairing(job: Job) -> None:
    error = refusal(job, pairing="zip")
    assert isinstance(error, PairingError)
    assert str(error) == "pairing='zip' is not known; use every or stem"


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
            preflight(replace(job, output=output), ["tiny"], "every")


def test_refuses_an_output_that_a_link_leads_among_the_inputs(job: Job, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(job.content)
    with pytest.raises(PairingError, match="lies in the content folder"):
        preflight(replace(job, output=str(tmp_path / "link" / "out")), ["tiny"], "every")


def test_allows_an_output_that_holds_the_inputs(job: Job, tmp_path: Path) -> None:
    assert preflight(replace(job, output=str(tmp_path)), ["tiny"], "every").pairs


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_refuses_an_output_with_a_file_in_its_way(job: Job, below: str) -> None:
    Path(job.output).write_text("in the way")
    error = refusal(replace(job, output=job.output + below))
    assert isinstance(error, StorageError)
    assert f"{job.output!r} is no folder; choose another" in str(error)


def test_refuses_an_initial_picture_that_is_not_there(job: Job) -> None:
    assert "init" in str(refusal(replace(job, config=job.config.replace(init="nowhere.png"))))
