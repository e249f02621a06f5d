"""A picture made again from what its file tells."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from flows.single import transfer
from nst_engine import __version__
from nst_engine.images import decode, read_photograph, read_provenance, save
from tasks.work import stylize_pair
from tests.flows.console import TINY, Nightbrush
from tests.tasks.studio import CONFIG, a_job, a_pair, paint


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a content, a style, and `out.png`, made from them in that folder."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        pictures = (read_photograph(paint(Path(name), seed)) for seed, name in enumerate(("lake.png", "wave.png")))
        transfer(*pictures, CONFIG, "cpu").save("out.png")
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with copies of what was made."""
    copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(picture: str | Path) -> dict[str, Any]:
    provenance = read_provenance(picture)
    assert provenance is not None
    return provenance


def retell(change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what `out.png` tells."""
    provenance = told("out.png")
    change(provenance)
    save(decode("out.png"), "out.png", provenance=provenance)


def digest(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


# the same picture


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("new.png", ""),
        ("new.tiff", ""),
        ("new.JPG", ", compared after encoding"),
        ("new.webp", ", compared after encoding"),
    ],
)
def test_makes_the_same_pixels_again(nightbrush: Nightbrush, name: str, how: str) -> None:
    assert nightbrush("one", "lake.png", "wave.png", "-o", name, *TINY).status == 0
    ran = nightbrush("replay", name)
    again = name.replace("new", "new-replay")
    assert (ran.status, ran.out, ran.err) == (0, f"{again}: the same pixels as {name}{how}\n", "")
    np.testing.assert_array_equal(decode(again), decode(name))


@pytest.mark.usefixtures("here")
def test_the_new_picture_tells_the_same_as_the_old_one(nightbrush: Nightbrush) -> None:
    assert nightbrush("replay", "out.png", "-o", "deep/new.png", "--device", "cpu").status == 0
    assert told("deep/new.png") == told("out.png")


def test_repeats_a_picture_of_a_batch(nightbrush: Nightbrush, tmp_path: Path) -> None:
    picture = Path(stylize_pair(a_pair(), a_job(tmp_path)).output)
    ran = nightbrush("replay", picture)
    again = picture.with_name("lake--wave-replay.png")
    assert ran.out == f"{again}: the same pixels as {picture}\n"
    np.testing.assert_array_equal(decode(again), decode(picture))


@pytest.mark.usefixtures("here")
def test_takes_precision_and_tile_as_they_were_resolved(nightbrush: Nightbrush) -> None:
    def resolve(provenance: dict[str, Any]) -> None:
        provenance["config"]["precision"] = "auto"
        provenance["precision"], provenance["tile"] = "mixed_bfloat16", 24

    retell(resolve)
    assert nightbrush("replay", "out.png").status == 0
    config = told("out-replay.png")["config"]
    assert (config["precision"], config["tile"]) == ("mixed_bfloat16", 24)


# another picture


@pytest.mark.usefixtures("here")
def test_says_how_far_the_pictures_are_apart(nightbrush: Nightbrush) -> None:
    retell(lambda provenance: provenance["config"].update(iterations=1))
    ran = nightbrush("replay", "out.png")
    apart = np.abs(decode("out-replay.png") - decode("out.png")) * 255
    most, mean = f"{round(apart.max())}/255", f"{apart.mean():.2g}/255"
    assert apart.any()
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"out-replay.png: differs by at most {most}, {mean} in the mean, from out.png\n"


@pytest.mark.usefixtures("here")
def test_says_that_the_sizes_differ(nightbrush: Nightbrush) -> None:
    retell(lambda provenance: provenance["config"].update(side=24))
    ran = nightbrush("replay", "out.png")
    assert (ran.status, ran.out) == (0, "out-replay.png: 24x18 pixels, not 32x24 as out.png\n")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("field", "value", "note"),
    [
        ("engine_version", "0.0.9", f"out.png was made by version 0.0.9, this is {__version__}"),
        ("weights_sha256", "a" * 64, f"out.png was made with weights of the SHA-256 {'a' * 12}, these have "),
    ],
)
def test_says_what_is_not_as_it_was_and_goes_on(nightbrush: Nightbrush, field: str, value: str, note: str) -> None:
    retell(lambda provenance: provenance.update({field: value}))
    ran = nightbrush("replay", "out.png")
    assert (ran.status, ran.out) == (0, "out-replay.png: the same pixels as out.png\n")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"nightbrush: {note}")


@pytest.mark.usefixtures("here")
def test_says_that_a_run_goes_by_the_clock(nightbrush: Nightbrush) -> None:
    retell(lambda provenance: provenance["config"].update(time_limit=900.0))
    ran = nightbrush("replay", "out.png")
    assert ran.err == "nightbrush: time_limit=900 goes by the clock: the steps may be more or fewer than they were\n"


# where the files are


def test_finds_names_from_the_folder_of_the_picture(
    nightbrush: Nightbrush, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    ran = nightbrush("replay", here / "out.png", "-o", "new.png")
    assert ran.out == f"new.png: the same pixels as {here / 'out.png'}\n"


def test_passes_over_a_file_of_that_name_that_is_another_one(
    nightbrush: Nightbrush, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(here / "elsewhere" / "lake.png", seed=9)
    monkeypatch.chdir(here / "elsewhere")
    assert nightbrush("replay", here / "out.png", "-o", "new.png").status == 0
    np.testing.assert_array_equal(decode("new.png"), decode(here / "out.png"))


def test_takes_files_from_where_they_are_said_to_be(nightbrush: Nightbrush, here: Path) -> None:
    (here / "moved").mkdir()
    Path("lake.png").rename("moved/lake.png")
    Path("wave.png").rename("moved/surf.png")
    moved = ("--content", "moved/lake.png", "--style", f"file://{here}/moved/surf.png")
    ran = nightbrush("replay", "out.png", *moved)
    assert (ran.status, ran.out) == (0, "out-replay.png: the same pixels as out.png\n")
    assert told("out-replay.png")["content"] == {"name": "moved/lake.png", "sha256": digest("moved/lake.png")}


def test_follows_a_link_out_of_its_folder(nightbrush: Nightbrush, here: Path) -> None:
    (here / "moved").mkdir()
    Path("lake.png").rename("moved/lake.png")
    Path("links").mkdir()
    Path("links/lake.png").symlink_to(here / "moved" / "lake.png")
    assert nightbrush("replay", "out.png", "--content", "links/lake.png").status == 0


def test_finds_the_files_of_the_configuration_beside_the_picture(
    nightbrush: Nightbrush, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(here / "start.png", 3)
    assert nightbrush("one", "lake.png", "wave.png", "-o", "out.png", *TINY, "--set", "init=start.png").status == 0
    assert told("out.png")["files"] == {"start.png": {"name": "start.png", "sha256": digest("start.png")}}
    paint(here / "elsewhere" / "start.png", 4)
    monkeypatch.chdir(here / "elsewhere")
    ran = nightbrush("replay", here / "out.png", "-o", "new.png")
    assert ran.out == f"new.png: the same pixels as {here / 'out.png'}\n"
    assert told("new.png")["config"]["init"] == str(here / "start.png")


def test_finds_the_further_styles_beside_the_picture(
    nightbrush: Nightbrush, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(here / "dots.png", 3)
    blend = ("--set", "blend=dots.png:0.5,wave.png")
    assert nightbrush("one", "lake.png", "wave.png", "-o", "out.png", *TINY, *blend).status == 0
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    ran = nightbrush("replay", here / "out.png", "-o", "new.png")
    assert ran.out == f"new.png: the same pixels as {here / 'out.png'}\n"
    assert told("new.png")["config"]["blend"] == [f"{here / 'dots.png'}:0.5", str(here / "wave.png")]


# an array


@pytest.fixture
def from_an_array(here: Path) -> Path:
    """The folder, `out.png` in it made from an array as its content."""
    retell(lambda provenance: provenance.update(content=None))
    return here


@pytest.mark.usefixtures("from_an_array")
def test_refuses_a_picture_that_was_made_from_an_array(nightbrush: Nightbrush) -> None:
    assert nightbrush("replay", "out.png").complaint == (
        "'out.png' names no file of its content, which was an array, or bytes without a name; "
        "say with --content which file to take"
    )


@pytest.mark.usefixtures("from_an_array")
def test_takes_a_file_instead_of_an_array_and_says_that_nothing_vouches_for_it(nightbrush: Nightbrush) -> None:
    ran = nightbrush("replay", "out.png", "--content", "lake.png")
    assert (ran.status, ran.out) == (0, "out-replay.png: the same pixels as out.png\n")
    assert ran.err == "nightbrush: nothing tells whether this is the content that out.png was made from\n"


# refusals


def refuse_to_work(*_: Any) -> None:
    raise AssertionError("no work before all is known to be there")


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch, here: Path) -> Path:
    """The folder; whoever begins a transfer fails."""
    monkeypatch.setattr("flows.single.StyleTransfer", refuse_to_work)
    return here


@pytest.mark.parametrize(("role", "name"), [("content", "lake.png"), ("style", "wave.png")])
def test_refuses_a_source_that_is_gone(nightbrush: Nightbrush, idle: Path, role: str, name: str) -> None:
    Path(name).unlink()
    assert nightbrush("replay", "out.png").complaint == (
        f"{role} {name!r} cannot be used: file '{idle / name}' does not exist; check its name, "
        f"or say with --{role} where it is now"
    )


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(("role", "name"), [("content", "lake.png"), ("style", "wave.png")])
def test_refuses_a_source_that_is_another_one(nightbrush: Nightbrush, role: str, name: str) -> None:
    before = digest(name)
    paint(Path(name), seed=9)
    refusal = (
        f"{role} {name!r} cannot be used: {name!r} has the SHA-256 {digest(name)[:12]}, not {before[:12]}; "
        f"use the file as it was, or say with --{role} where it is now"
    )
    assert nightbrush("replay", "out.png").complaint == refusal
    assert nightbrush("replay", "out.png", f"--{role}", name).complaint == refusal


@pytest.mark.parametrize("there", ["lake.png", "deep/lake.png"], ids=["from here", "beside the picture"])
def test_tells_of_the_other_file_rather_than_of_none(nightbrush: Nightbrush, idle: Path, there: str) -> None:
    (idle / "deep").mkdir()
    Path("out.png").rename("deep/out.png")
    Path("lake.png").unlink()
    paint(Path(there), seed=9)
    assert f"'{there}' has the SHA-256 " in nightbrush("replay", "deep/out.png").complaint


@pytest.mark.usefixtures("idle")
def test_refuses_a_file_of_the_configuration_that_is_another_one(nightbrush: Nightbrush) -> None:
    paint(Path("start.png"))
    entry = {"name": "start.png", "sha256": "0" * 64}
    retell(lambda provenance: provenance["files"].update({"start.png": entry}))
    complaint = nightbrush("replay", "out.png").complaint
    assert complaint.startswith("file 'start.png' cannot be used: 'start.png' has the SHA-256 ")
    assert complaint.endswith(", not 000000000000; use the file as it was, or lay it there again")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["", "\0", "a\0/b", "s3//:", "ftp://lake.png", "\ud800"])
def test_refuses_a_source_that_nothing_can_be_called(nightbrush: Nightbrush, name: str) -> None:
    retell(lambda provenance: provenance["content"].update(name=name))
    assert nightbrush("replay", "out.png").complaint.endswith("or say with --content where it is now")


@pytest.mark.usefixtures("idle")
def test_refuses_what_is_no_picture_of_nightbrush(nightbrush: Nightbrush) -> None:
    assert nightbrush("replay", "lake.png").complaint == (
        "'lake.png' carries no provenance of Nightbrush; use a picture as Nightbrush wrote it"
    )
    assert nightbrush("replay", "gone.png").complaint == "picture 'gone.png' cannot be read: No such file or directory"
    assert nightbrush("replay").complaint == "Missing argument 'PICTURE'."


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("field", ["engine_version", "config", "content", "files", "weights_sha256", "tile"])
def test_refuses_a_picture_that_does_not_tell_all(nightbrush: Nightbrush, field: str) -> None:
    retell(lambda provenance: provenance.pop(field))
    assert nightbrush("replay", "out.png").complaint == (
        "'out.png' does not tell all of how it was made; use one made by this version"
    )


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sidde": 64}, "'sidde' is not a configuration field; did you mean side?"),
        ({"backbone": "mine"}, "backbone='mine' is not known; use "),
        ({"optimizer": []}, "optimizer=[] is not allowed; use a text"),
    ],
)
def test_refuses_a_configuration_of_another_version(
    nightbrush: Nightbrush, fields: dict[str, Any], reason: str
) -> None:
    retell(lambda provenance: provenance["config"].update(fields) or provenance.update(engine_version="9.0"))
    complaint = nightbrush("replay", "out.png").complaint
    assert complaint.startswith(f"the configuration in 'out.png', of version 9.0, cannot be used: {reason}")


@pytest.mark.usefixtures("idle")
def test_overwrites_nothing_unasked(nightbrush: Nightbrush) -> None:
    Path("out-replay.png").write_text("dear to someone")
    assert nightbrush("replay", "out.png").complaint == (
        "'out-replay.png' is there already; remove it, or name another file with -o"
    )
    assert Path("out-replay.png").read_text() == "dear to someone"


@pytest.mark.usefixtures("idle")
def test_refuses_an_output_that_cannot_be_written(nightbrush: Nightbrush) -> None:
    assert nightbrush("replay", "out.png", "-o", "new.bmp").complaint.startswith("'new.bmp' has the suffix '.bmp'")
    assert nightbrush("replay", "out.png", "-o", "lake.png/new.png").complaint.endswith("choose another name")
