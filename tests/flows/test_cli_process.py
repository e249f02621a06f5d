"""The command line in a process of its own, as a shell runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.summary import read_results
from tests.flows.console import TINY, in_a_process_of_its_own
from tests.tasks.studio import BROKEN_JPEG


def test_runs_a_batch_with_one_bad_picture(
    places: list[str], folders: dict[str, Path], prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    (folders["content"] / "broken.jpg").write_bytes(BROKEN_JPEG)
    ran = in_a_process_of_its_own("run", *places, *TINY)
    assert ran.status == 1
    assert ran.out.startswith("1 of 2 pairs have their picture, 1 failed\nReport: ")
    assert ran.err.startswith(f"Prefect reports to {prefect_api}\n")
    said = [line.rpartition(" - ")[2] for line in ran.err.splitlines()]
    assert said[-3].startswith("1/2 tiny/broken--wave failed: ")
    assert said[-2].startswith("2/2 tiny/lake--wave completed in ")
    assert said[-1] == "Finished in state Failed('1 of 2 pairs have their picture, 1 failed')"
    rows = read_results((folders["output"] / "results.csv").read_bytes())
    assert [row.status for row in rows] == ["failed", "completed"]


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
