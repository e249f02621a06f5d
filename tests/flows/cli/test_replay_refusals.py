"""Pictures that are not made again, and why."""

from pathlib import Path
from typing import Any

import pytest

from tests.flows.accounts import change_provenance, digest
from tests.flows.console import Nightbrush
from tests.tasks.studio import paint


def refuse_to_work(*_: Any) -> None:
    raise AssertionError("no work before all is known to be there")


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch, here: Path) -> Path:
    """The folder; whoever begins a transfer fails."""
    monkeypatch.setattr("flows.cli.one.engine", refuse_to_work)
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


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["out.png", "lake.png", "wave.png"])
def test_refuses_to_write_over_the_picture_or_what_it_was_made_from(nightbrush: Nightbrush, name: str) -> None:
    before = digest(name)
    complaint = nightbrush("replay", "out.png", "-o", name).complaint
    assert complaint == f"output {name!r} is the picture {name!r} itself; choose another name"
    assert digest(name) == before


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
    change_provenance(lambda provenance: provenance["files"].update({"start.png": entry}))
    complaint = nightbrush("replay", "out.png").complaint
    assert complaint.startswith("file 'start.png' cannot be used: 'start.png' has the SHA-256 ")
    assert complaint.endswith(", not 000000000000; use the file as it was, or lay it there again")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["", "\0", "a\0/b", "s3//:", "ftp://lake.png", "\ud800"])
def test_refuses_a_source_that_nothing_can_be_called(nightbrush: Nightbrush, name: str) -> None:
    change_provenance(lambda provenance: provenance["content"].update(name=name))
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
    change_provenance(lambda provenance: provenance.pop(field))
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
    change_provenance(lambda provenance: provenance["config"].update(fields) or provenance.update(engine_version="9.0"))
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
