"""What the command line refuses before any work: exit status 2 and one line on stderr."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.cli.commands import SECTIONS
from nst_engine.backbones import weights
from tests.flows.console import TINY, Nightbrush
from tests.tasks.studio import BROKEN_JPEG

Folders = dict[str, Path]


def options(folders: Folders, **changed: Path) -> list[str]:
    return [text for name, folder in {**folders, **changed}.items() for text in (f"--{name}", str(folder))]


def test_refuses_a_folder_that_is_not_there(nightbrush: Nightbrush, folders: Folders) -> None:
    gone = folders["content"] / "gone"
    complaint = nightbrush("run", *options(folders, content=gone), *TINY).complaint
    assert complaint == f"folder {str(gone)!r} does not exist; check its path or make it"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["--backbone", "vgg99", "--dry-run"], "backbone='vgg99' is not known; use vgg16, "),
        ([*TINY, "--backbone", "tiny"], "backbones=tiny, tiny names one twice; name each once"),
        ([*TINY, "--set", "side"], "setting 'side' is not allowed; use key=value"),
        ([*TINY, "--pairing", "nearest"], "pairing='nearest' is not known; use every, stem, zip or list"),
        ([*TINY, "--pairs-per-task", "0"], "pairs_per_task=0 is not allowed; use 1 to 500"),
        ([*TINY, "--pairing", "list"], "pairing='list' has no list; name a CSV file with pairs (--pairs FILE.csv)"),
        ([*TINY, "--pairs", "/nowhere.csv"], "pair list '/nowhere.csv' cannot be read: No such file or directory"),
        ([*TINY, "--exclude", "style:*"], "style folder "),
        ([*TINY, "--config", "/nowhere.toml"], "configuration file '/nowhere.toml' cannot be used: No such file"),
        ([*TINY, "--preset", "gatsy"], "preset 'gatsy' is not known; use "),
        ([*TINY, "--set", "weights=/nowhere.h5"], "weights file '/nowhere.h5' cannot be read: No such file"),
        ([*TINY, "--nonsense"], "No such option '--nonsense'"),
        ([*TINY, "--backbone"], "Option '--backbone' requires an argument."),
        ([*TINY, "stray"], "Got unexpected extra argument (stray)"),
    ],
    ids=lambda given: " ".join(given[-2:]) if isinstance(given, list) else "",
)
def test_refuses_what_is_not_allowed(
    nightbrush: Nightbrush, folders: Folders, given: list[str], complaint: str
) -> None:
    assert nightbrush("run", *options(folders), *given).complaint.startswith(complaint)
    assert not folders["output"].exists()


def test_refuses_an_output_among_the_inputs(nightbrush: Nightbrush, folders: Folders) -> None:
    complaint = nightbrush("run", *options(folders, output=folders["style"] / "out"), *TINY).complaint
    assert "lies in the style folder" in complaint
    assert list(folders["style"].iterdir()) == [folders["style"] / "wave.png"]


@pytest.mark.parametrize("option", ["content", "style", "output"])
def test_refuses_a_run_without_a_place(nightbrush: Nightbrush, folders: Folders, option: str) -> None:
    del folders[option]
    assert nightbrush("run", *options(folders), *TINY).complaint == f"Missing option '--{option}'."


def test_refuses_an_unknown_command(nightbrush: Nightbrush) -> None:
    assert nightbrush("stylise").complaint.startswith("No such command 'stylise'")


def test_shows_its_help_when_nothing_is_asked_for(nightbrush: Nightbrush) -> None:
    ran = nightbrush()
    assert f"\n{next(iter(SECTIONS))}:\n" in ran.out + ran.err


def test_refuses_imagenet_weights_that_cannot_be_downloaded(
    nightbrush: Nightbrush, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(weights: str) -> None:
        raise Exception(f"URL fetch failure on {weights}:\nno route to host")  # noqa: TRY002 - as Keras does

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "import_quietly", lambda _: None)
    monkeypatch.setattr(weights, "resolve_name", lambda _: download)
    chosen = ("--backbone", "vgg19", "--set", "weights=imagenet")
    complaint = nightbrush("run", *options(folders), *chosen).complaint
    assert complaint.startswith(f"weights='imagenet' of vgg19 are not at '{tmp_path}/models/vgg19_")
    assert "cannot be downloaded (URL fetch failure on imagenet:)" in complaint


@pytest.mark.parametrize("field", ["content", "style", "output", "pairs", "init"])
def test_downloads_no_weights_while_anything_else_is_in_the_way(
    nightbrush: Nightbrush, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "import_quietly", lambda _: pytest.fail("weights are downloaded"))
    wrong = {field: tmp_path / "gone"} if field in ("content", "style") else {}
    if field == "output":
        wrong = {field: folders["content"] / "out"}
    more = {"pairs": ("--pairs", "/gone.csv"), "init": ("--set", "init=/gone.png")}.get(field, ())
    complaint = nightbrush("run", *options(folders, **wrong), *more, "--set", "weights=imagenet").complaint
    assert any(said in complaint for said in ("gone", "lies in the content folder"))


def test_a_comparison_is_refused_before_weights_are_downloaded(
    nightbrush: Nightbrush, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "import_quietly", lambda _: pytest.fail("weights are downloaded"))
    for wrong, said in (("colour=1", "'colour' is not a configuration field"), ("side=-1", "side=-1 is not allowed")):
        assert said in nightbrush("compare", *options(folders), "--vary", wrong).complaint


def test_a_comparison_that_is_refused_leaves_no_sample_pictures(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert nightbrush("compare", *TINY).complaint.startswith("there is one configuration only")
    assert list(tmp_path.iterdir()) == []


def test_refuses_packaged_weights_that_are_not_here_and_names_the_command(
    nightbrush: Nightbrush, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTBRUSH_WEIGHTS", str(tmp_path / "weights"))
    chosen = ("--backbone", "vgg16", "--set", "weights=packaged")
    complaint = nightbrush("run", *options(folders), *chosen).complaint
    assert complaint == (
        f"weights='packaged' of vgg16 are not at '{tmp_path}/weights/vgg16.weights.h5'; "
        "run: nightbrush weights get vgg16"
    )
    assert not folders["output"].exists()


@pytest.mark.usefixtures("prefect_api")
def test_refuses_a_device_that_is_not_there(nightbrush: Nightbrush, folders: Folders) -> None:
    ran = nightbrush("run", *options(folders), *TINY, "--device", "gpu:99")
    assert ran.complaint.startswith("device='gpu:99' is not there; use ")


def test_a_dry_run_refuses_a_device_that_is_not_there(nightbrush: Nightbrush, folders: Folders) -> None:
    ran = nightbrush("run", *options(folders), *TINY, "--device", "gpu:99", "--dry-run")
    assert ran.complaint.startswith("device='gpu:99' is not there; use ")


def test_refuses_to_report_on_a_folder_that_is_not_there_or_holds_no_batch(
    nightbrush: Nightbrush, tmp_path: Path
) -> None:
    assert nightbrush("report", tmp_path / "gone").complaint.endswith("does not exist; check its path or make it")
    assert nightbrush("report", tmp_path).complaint.endswith("holds nothing of a batch; name a batch's output")
    assert list(tmp_path.iterdir()) == []
    assert nightbrush("report").complaint == "Missing argument 'OUTPUT'."


# one


def lay_nothing(_: Folders) -> None:
    """Leave all as it is."""


def remove_content(folders: Folders) -> None:
    (folders["content"] / "lake.png").unlink()


def break_style(folders: Folders) -> None:
    (folders["style"] / "wave.png").write_bytes(BROKEN_JPEG)


@pytest.mark.parametrize(
    ("harm", "given", "complaint"),
    [
        (remove_content, [], "lake.png' cannot be read: No such file or directory"),
        (break_style, [], "wave.png' cannot be read: "),
        (lay_nothing, ["--device", "gpu:99"], "device='gpu:99' is not there; use "),
        (lay_nothing, ["--set", "weights=/nowhere.h5"], "weights file '/nowhere.h5' cannot be read"),
        (lay_nothing, ["--set", "style_layers=conv9"], "style_layers='conv9' is not a layer of tiny"),
        (lay_nothing, ["--set", "init=/nowhere.png"], "picture '/nowhere.png' cannot be read"),
    ],
    ids=["no content", "broken style", "device", "weights", "layer", "init"],
)
def test_refuses_one_picture(
    nightbrush: Nightbrush, folders: Folders, harm: Callable[[Folders], None], given: list[str], complaint: str
) -> None:
    harm(folders)
    pictures = folders["content"] / "lake.png", folders["style"] / "wave.png"
    assert complaint in nightbrush("one", *pictures, "-o", folders["output"] / "out.png", *TINY, *given).complaint
    assert not folders["output"].exists()


def refuse_to_work(*_: Any) -> None:
    raise AssertionError("no work before the output is known to be good")


ON_LINUX = pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that takes no files, whoever asks")


@pytest.mark.parametrize(
    "name",
    ["out.bmp", "out", "way/out.png", pytest.param("/proc/out.png", marks=ON_LINUX)],
    ids=["suffix", "no suffix", "a file in the way", "no files taken"],
)
def test_refuses_an_output_of_one_picture_before_the_work(
    nightbrush: Nightbrush, folders: Folders, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folders["output"].mkdir()
    (folders["output"] / "way").touch()
    monkeypatch.setattr("flows.cli.one.engine", refuse_to_work)
    pictures = folders["content"] / "lake.png", folders["style"] / "wave.png"
    assert "out" in nightbrush("one", *pictures, "-o", folders["output"] / name, *TINY).complaint


def test_a_current_folder_that_is_gone_is_one_line(
    nightbrush: Nightbrush, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    complaint = nightbrush("run", *options(folders), *TINY).complaint
    assert complaint == "the current folder is not there: No such file or directory; change to another"
