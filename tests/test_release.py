"""What is published: a wheel that is whole, and issue templates that ask for what a report of a fault needs."""

import subprocess
import sys
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from nst_engine import __version__

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yaml"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)  # noqa: S603 - ourselves
    (file,) = folder.iterdir()
    return ZipFile(file)


def test_the_wheel_holds_every_file_of_the_packages(wheel: ZipFile) -> None:
    packages = ("flows", "tasks", "nst_engine")
    files = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files


def test_the_wheel_tells_its_version_its_extras_and_its_command(wheel: ZipFile) -> None:
    info = f"nightbrush-{__version__}.dist-info"
    metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert metadata["Version"] == __version__
    assert {"gpu", "ray"} <= set(metadata.get_all("Provides-Extra", []))
    scripts = ConfigParser()
    scripts.read_string(wheel.read(f"{info}/entry_points.txt").decode())
    assert dict(scripts["console_scripts"]) == {"nightbrush": "flows.cli:main"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_each_issue_template_asks_what_the_machine_can_do(template: Path) -> None:
    labels = [field["attributes"]["label"] for field in yaml.safe_load(template.read_text(encoding="utf-8"))["body"]]
    assert "The output of `nightbrush doctor --json`" in labels
