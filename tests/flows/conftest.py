"""A Prefect server for the tests of flows, one for all of them, and the command line in this process."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from flows.cli import main
from flows.settings import apply_defaults
from tests.flows.console import Nightbrush, Ran
from tests.tasks.studio import paint

apply_defaults()  # before anything loads Prefect: no calls home, and no chatter
import_module("prefect.main")  # its logging closes the stderr that TensorFlow knows, unless that is still pytest's own


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """The address of a running Prefect API that flows report to; its database is thrown away."""
    from prefect.settings import get_current_settings
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield str(get_current_settings().api.url)


@pytest.fixture
def nightbrush(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Nightbrush:
    """`nightbrush ARGUMENTS`, in this process."""

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["nightbrush", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A content folder and a style folder of one picture each, and where the output goes."""
    paint(tmp_path / "photos" / "lake.png", 1)
    paint(tmp_path / "paintings" / "wave.png", 2)
    return {"content": tmp_path / "photos", "style": tmp_path / "paintings", "output": tmp_path / "out"}


@pytest.fixture
def places(folders: dict[str, Path]) -> list[str]:
    """The folders as options of `nightbrush run`."""
    return [text for name, folder in folders.items() for text in (f"--{name}", str(folder))]
