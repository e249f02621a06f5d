"""A picture made again from the provenance in its file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_engine import __version__
from nst_engine.config import releases
from nst_engine.images import decode
from tasks.making.stylize_pair import stylize_pair
from tests.flows.accounts import change_provenance, digest, provenance_of
from tests.flows.console import TINY, Nightbrush
from tests.tasks.kept import AT_FIRST, FIRST, copy_kept, kept_config
from tests.tasks.studio import a_job, a_pair, paint

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
    assert provenance_of("deep/new.png") == provenance_of("out.png")


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

    change_provenance(resolve)
    assert nightbrush("replay", "out.png").status == 0
    config = provenance_of("out-replay.png")["config"]
    assert (config["precision"], config["tile"]) == ("mixed_bfloat16", 24)


# another picture


@pytest.mark.usefixtures("here")
def test_says_how_far_the_pictures_are_apart(nightbrush: Nightbrush) -> None:
    change_provenance(lambda provenance: provenance["config"].update(iterations=1))
    ran = nightbrush("replay", "out.png")
    apart = np.abs(decode("out-replay.png") - decode("out.png")) * 255
    most, mean = f"{round(apart.max())}/255", f"{apart.mean():.2g}/255"
    assert apart.any()
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"out-replay.png: differs by at most {most}, {mean} in the mean, from out.png\n"


@pytest.mark.usefixtures("here")
def test_says_that_the_sizes_differ(nightbrush: Nightbrush) -> None:
    change_provenance(lambda provenance: provenance["config"].update(side=24))
    ran = nightbrush("replay", "out.png")
    assert (ran.status, ran.out) == (0, "out-replay.png: 24x18 pixels, not 32x24 as out.png\n")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("field", "value", "note"),
    [
        (
            "recipe",
            99,
            f"out.png was made by recipe 99, of version {__version__}; now it is {releases.RELEASES[-1].recipe}",
        ),
        ("weights_sha256", "a" * 64, f"out.png was made with weights of the SHA-256 {'a' * 12}, these have "),
    ],
)
def test_says_what_is_not_as_it_was_and_goes_on(nightbrush: Nightbrush, field: str, value: str, note: str) -> None:
    change_provenance(lambda provenance: provenance.update({field: value}))
    ran = nightbrush("replay", "out.png")
    assert (ran.status, ran.out) == (0, "out-replay.png: the same pixels as out.png\n")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"nightbrush: {note}")


@pytest.mark.usefixtures("here")
def test_says_that_a_run_goes_by_the_clock(nightbrush: Nightbrush) -> None:
    change_provenance(lambda provenance: provenance["config"].update(time_limit=900.0))
    ran = nightbrush("replay", "out.png")
    assert ran.err == "nightbrush: time_limit=900 goes by the clock: the steps may be more or fewer than they were\n"


@pytest.mark.usefixtures("here")
def test_another_version_of_the_same_recipe_is_no_doubt(nightbrush: Nightbrush) -> None:
    change_provenance(lambda provenance: provenance.update(engine_version="0.0.9"))
    ran = nightbrush("replay", "out.png")
    assert (ran.status, ran.out, ran.err) == (0, "out-replay.png: the same pixels as out.png\n", "")


def test_a_picture_of_the_first_release_means_what_it_meant_then(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = {("gram", "mean"): FIRST.losses["gram", "mean"] | {"style_weight": 0.05}}
    monkeypatch.setattr(releases, "RELEASES", (FIRST, replace(AT_FIRST, losses=losses)))
    kept = copy_kept(tmp_path)
    moved = ("--content", kept / "contents" / "lake.png", "--style", kept / "styles" / "wave.png")
    ran = nightbrush("replay", kept / "out" / "tiny" / "lake--wave.png", "-o", kept / "new.png", *moved)
    assert (ran.status, ran.err) == (0, "")
    told = provenance_of(kept / "new.png")["config"]
    meant = FIRST.spell_out(kept_config())
    assert {name: told[name] for name in FIRST.fields} == {name: meant[name] for name in FIRST.fields}


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
    assert provenance_of("out-replay.png")["content"] == {"name": "moved/lake.png", "sha256": digest("moved/lake.png")}


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
    assert provenance_of("out.png")["files"] == {"start.png": {"name": "start.png", "sha256": digest("start.png")}}
    paint(here / "elsewhere" / "start.png", 4)
    monkeypatch.chdir(here / "elsewhere")
    ran = nightbrush("replay", here / "out.png", "-o", "new.png")
    assert ran.out == f"new.png: the same pixels as {here / 'out.png'}\n"
    assert provenance_of("new.png")["config"]["init"] == str(here / "start.png")


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
    assert provenance_of("new.png")["config"]["blend"] == [f"{here / 'dots.png'}:0.5", str(here / "wave.png")]


# an array


@pytest.fixture
def from_an_array(here: Path) -> Path:
    """The folder, `out.png` in it made from an array as its content."""
    change_provenance(lambda provenance: provenance.update(content=None))
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
