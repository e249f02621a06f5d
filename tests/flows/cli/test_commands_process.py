"""The command line in a process of its own, as a shell runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.records.csv_files import read_results
from tests.flows.console import TINY, Night, in_a_process_of_its_own


def test_runs_a_batch_with_one_bad_picture(night: Night) -> None:
    ran = night.ran
    assert ran.status == 1
    assert ran.out.startswith("4 of 6 pairs have their picture, 2 failed\nReport: ")
    assert ran.err.startswith("Prefect reports to Nightbrush's own server: nightbrush ui\n")
    said = [line.rpartition(" - ")[2] for line in ran.err.splitlines()]
    *pairs, end, history = said[-8:]
    assert sum(" failed: " in line for line in pairs) == 2
    assert sum(" completed in " in line for line in pairs) == 4
    assert [line[:4] for line in pairs] == [f"{number}/6 " for number in range(1, 7)]
    assert end == "Finished in state Failed('4 of 6 pairs have their picture, 2 failed')"
    assert history.startswith("History: http://127.0.0.1:")
    rows = read_results(Path(night.places["output"], "results.csv").read_bytes())
    assert [row.status for row in rows] == ["failed", "completed", "completed"] * 2


def test_makes_one_picture_and_is_otherwise_silent(folders: dict[str, Path], tmp_path: Path) -> None:
    pictures = folders["content"] / "lake.png", folders["style"] / "wave.png"
    ran = in_a_process_of_its_own("one", *pictures, "-o", tmp_path / "out.jpg", *TINY)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"{tmp_path / 'out.jpg'}: 32x24 pixels in ")


def test_refuses_in_one_line(places: list[str]) -> None:
    ran = in_a_process_of_its_own("run", *places, *TINY, "--set", "sidde=64")
    assert ran.complaint == "'sidde' is not a configuration field; did you mean side?"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], ["doctor", "--help"]])
def test_help_loads_nothing_that_takes_long(arguments: list[str]) -> None:
    heavy = {"boto3", "httpx", "keras", "matplotlib", "pandas", "prefect", "tensorflow"}
    program = (
        "import sys\nfrom flows.cli import main\ntry:\n    main()\n"
        f"finally:\n    print(sorted({heavy} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, *arguments]
    assert subprocess.check_output(command, text=True).splitlines()[-1] == "[]"  # noqa: S603 - ourselves
