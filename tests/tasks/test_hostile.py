"""A night over a folder of hostile files: a row for each, and nothing else happens."""

import csv
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

import pytest

from nst_engine.images import decode
from tasks.local_state import HOME
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.request import PairingError, Request
from tasks.preflight.checks import preflight
from tasks.records.csv_files import read_results
from tasks.records.row import COLUMNS, ManifestRow
from tasks.reporting.outputs import write_outputs
from tests.tasks.hostile import ABSENT, FAILED, HOSTILE, MADE, WIDE, Hostile, fill
from tests.tasks.pages import Page
from tests.tasks.studio import CONFIG, a_job, a_pair, output_of, paint

ENOUGH = 256 * 2**20
"""Bytes of memory in which all of the files are read, one after the other."""


@dataclass(frozen=True)
class Night:
    """A batch that is over.

    Attributes:
        job: what was to be done.
        rows: its rows, by the name of their content.
        before, after: all that there was around the output.
        report, results: the files' bytes.
    """

    job: Job
    rows: dict[str, ManifestRow]
    before: dict[str, tuple[int, ...]]
    after: dict[str, tuple[int, ...]]
    report: bytes
    results: bytes


def the_job(root: Path) -> Job:
    return Job(config=CONFIG, content=str(root / "contents"), style=str(root / "styles"), output=str(root / "out"))


def rows_of(job: Job) -> list[ManifestRow]:
    plan = preflight(job, Request(backbones=("tiny",)))
    return [stylize_pair(pair, job) for pair in plan.pairs]


def surroundings(root: Path) -> dict[str, tuple[int, ...]]:
    """Every file, folder and link below the root except the output, each with values that change if it changes."""
    states = {str(path): path.lstat() for path in root.rglob("*") if not path.is_relative_to(root / "out")}
    return {path: (state.st_ino, state.st_mode, state.st_size, state.st_mtime_ns) for path, state in states.items()}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    root = tmp_path_factory.mktemp("night")
    fill(root / "contents", paint(root / "secret.png"))
    paint(root / "styles" / "wave.png", 2)
    (root / "here").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(tmp_path_factory.mktemp("home")))
        patch.chdir(root / "here")
        job, before = the_job(root), surroundings(root)
        rows = rows_of(job)
        write_outputs(output_of(job), rows)
        yield Night(
            job=job,
            rows={row.content.rpartition("/")[2]: row for row in rows},
            before=before,
            after=surroundings(root),
            report=(root / "out" / "report.html").read_bytes(),
            results=(root / "out" / "results.csv").read_bytes(),
        )


def test_each_file_is_hostile_in_a_way_of_its_own() -> None:
    assert len({file.what for file in HOSTILE}) == len({file.name for file in HOSTILE}) == len(HOSTILE) >= 40


def test_each_picture_of_the_folder_has_a_row_and_what_is_none_has_not(night: Night) -> None:
    assert sorted(night.rows) == sorted(file.name for file in HOSTILE)
    assert night.rows.keys().isdisjoint(ABSENT)


@pytest.mark.parametrize("file", HOSTILE, ids=lambda file: file.what)
def test_each_has_the_row_that_it_deserves(night: Night, file: Hostile) -> None:
    row = night.rows[file.name]
    assert row.status == file.status
    assert file.says in str(row.error)
    if row.error is None:
        assert not file.says
    else:
        assert row.error.isprintable()
        assert any(
            name in row.error for name in (repr(row.content)[1:-1], repr(row.output)[1:-5], "too narrow for tiny")
        )


def test_a_picture_of_30_000_pixels_is_made_where_the_side_leaves_it_some_height(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    (tmp_path / "contents" / "wide.png").write_bytes(WIDE)
    row = stylize_pair(a_pair("wide.png", overrides=(("iterations", 1), ("side", 3000))), job)
    assert (row.status, row.width, row.height, row.error) == (MADE, 3000, 4, None)


def test_nothing_outside_the_output_is_touched(night: Night) -> None:
    assert night.after == night.before


def test_the_output_holds_the_pictures_and_nothing_else(night: Night) -> None:
    folder = Path(night.job.output)
    made = [Path(row.output) for row in night.rows.values() if row.status == MADE]
    files = [folder / name for name in ("results.csv", "backbones.csv", "report.html")]
    files += [
        picture.with_name(f"{picture.name.removesuffix('.png')}{suffix}")
        for picture in made
        for suffix in (".png", ".json")
    ]
    assert sorted(path for path in folder.rglob("*") if not path.is_dir()) == sorted(files)
    assert all(max(decode(picture).shape) == CONFIG.side for picture in made)


def test_the_results_come_back_and_no_cell_is_a_formula(night: Night) -> None:
    assert read_results(night.results) == tuple(night.rows.values())
    for cells in csv.DictReader(io.StringIO(night.results.decode(), newline="")):
        assert list(cells) == list(COLUMNS)
        assert not any(cells[name].startswith(("=", "+", "-", "@", "\uff1d", "\t", "\r")) for name in ("pair", "error"))


def test_the_report_shows_names_as_names(night: Night) -> None:
    page = Page(night.report)
    made = [row for row in night.rows.values() if row.status == MADE]
    assert [len(page.all(tag)) for tag in ("script", "img", "figure")] == [1, len(made), len(made) + 3]
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert all(address.startswith(("data:image/jpeg;base64,", "#", "./")) for address in page.addresses)
    assert "./tiny/%252e%252e%252f%252e%252e%252fetc%252fpasswd--wave.png" in page.addresses
    for row in night.rows.values():
        assert row.pair in page.text


def test_the_next_night_makes_nothing_again(night: Night) -> None:
    pictures = [Path(row.output) for row in night.rows.values() if row.status == MADE]
    before = [path.stat().st_mtime_ns for path in pictures]
    again = {row.content.rpartition("/")[2]: row for row in rows_of(night.job)}
    assert {name: row.status for name, row in again.items()} == {
        name: "skipped" if row.status == MADE else FAILED for name, row in night.rows.items()
    }
    assert all(again[name].error == row.error for name, row in night.rows.items())
    assert [path.stat().st_mtime_ns for path in pictures] == before


WAYS_OUT = [
    "../secret.png",
    "lake.png/../../secret.png",
    "./lake.png",
    "//lake.png",
    "/etc/passwd",
    "~/secret.png",
    "~root/secret.png",
    "file:///etc/passwd",
    "s3://bucket/secret.png",
    "https://example.org/a.png",
    "..\\secret.png",
    "C:\\secret.png",
    "%2e%2e/secret.png",
    "lake.png\0",
    "$HOME/secret.png",
    "=secret.png",
    "link out.png",
    "pipe.png",
]


@pytest.mark.parametrize("key", WAYS_OUT)
@pytest.mark.parametrize("side", ["content", "style"])
def test_a_pair_list_that_leads_out_is_refused_with_its_line(tmp_path: Path, side: str, key: str) -> None:
    job = a_job(tmp_path)
    for folder in (job.content, job.style):
        Path(folder, "link out.png").symlink_to(paint(tmp_path / "secret.png"))
        os.mkfifo(Path(folder, "pipe.png"))
    cells = {"content": "lake.png", "style": "wave.png"} | {side: key}
    (tmp_path / "pairs.csv").write_text(f"content,style\nlake.png,wave.png\n{cells['content']},{cells['style']}\n")
    with pytest.raises(PairingError) as caught:
        preflight(job, Request(backbones=("tiny",), pair_list=str(tmp_path / "pairs.csv")))
    assert f"pairs.csv', line 3: {side} {key!r} is " in str(caught.value)
    assert str(caught.value).isprintable()
    assert not Path(job.output).exists()


READ_ALL = """
import re, sys
from pathlib import Path
from nst_engine.errors import NightbrushError
from nst_engine.images import read_photograph
from tasks.storage import open_storage

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

before, folder = peak(), open_storage(sys.argv[1])
for entry in folder.list():
    try:
        read_photograph(folder.read(entry.key))
    except NightbrushError:
        pass
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak where Linux tells it")
def test_reading_all_of_it_takes_little_memory(night: Night) -> None:
    told = run([sys.executable, "-c", READ_ALL, night.job.content], check=True, capture_output=True, text=True)  # noqa: S603
    assert int(told.stdout) < ENOUGH
