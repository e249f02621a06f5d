"""A Prefect server for the tests of flows, one for all of them, and the command line in this process."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from shutil import copytree
from subprocess import PIPE, Popen

import pytest

from flows.cli import main
from flows.prefect_server import local_server
from flows.prefect_server.settings import apply_defaults
from nst_engine.images import read_photograph
from tasks.interruption import interruption
from tests.flows.batches import two_by_two
from tests.flows.console import TINY, Night, Nightbrush, Ran, in_a_process_of_its_own
from tests.tasks.studio import BROKEN_JPEG, CONFIG, paint

apply_defaults()  # before anything loads Prefect: no calls home, and no chatter
import_module("prefect.main")  # its logging closes the stderr that TensorFlow knows, unless that is still pytest's own


@pytest.fixture(scope="session")
def started_twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """The state folder of our own server, and the addresses that two processes got which started it at once."""
    home = tmp_path_factory.mktemp("kept #1 %20?")
    program = (
        "from flows.prefect_server import local_server as server\n"
        "with server.keep_running():\n    print(server.await_address())"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTBRUSH_HOME", str(home))
        starts = [Popen([sys.executable, "-c", program], stdout=PIPE, text=True) for _ in range(2)]  # noqa: S603 - ourselves
        addresses = [start.communicate()[0].strip() for start in starts]
        yield home, addresses
        patch.setenv("NIGHTBRUSH_HOME", str(home))
        local_server.stop()


@pytest.fixture(scope="session")
def night(started_twice: tuple[Path, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A batch of six pairs, two of them broken, that has reported to our own server, past a proxy."""
    places = two_by_two(tmp_path_factory.mktemp("night"))
    Path(places["content"], "broken.jpg").write_bytes(BROKEN_JPEG)
    options = [text for name, place in places.items() for text in (f"--{name}", place)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTBRUSH_HOME", str(started_twice[0]))
        patch.delenv("NIGHTBRUSH_NO_HISTORY", raising=False)
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        return Night(places, in_a_process_of_its_own("run", *options, *TINY))


@pytest.fixture(autouse=True)
def _going_on() -> Iterator[None]:
    """Clear the interruption that a test may have set."""
    yield
    interruption.clear()


@pytest.fixture
def own_folder(started_twice: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of our own server, which may not be running; runs report to it."""
    home, _ = started_twice
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(home))
    monkeypatch.delenv("NIGHTBRUSH_NO_HISTORY")
    return home / "prefect"


@pytest.fixture
def own_api(own_folder: Path) -> str:
    """The address of our own server, which answers."""
    del own_folder
    with local_server.keep_running():
        return local_server.await_address()


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


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a content, a style, and `out.png`, made from them in that folder."""
    from flows.cli.one import transfer

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
