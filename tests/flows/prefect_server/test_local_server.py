"""Our own server, a real one: it is started once for all tests, and again after a test has ended it."""

import errno
import json
import os
import signal
import socket
import sys
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from flows.prefect_server import local_server
from flows.prefect_server.local_server import ServerError
from tasks.storage import file_lock
from tests.flows.answering import answering
from tests.flows.console import Nightbrush


def read_state(folder: Path, name: str) -> int:
    """A number that the last start wrote to `server.json`."""
    return int(json.loads((folder / "server.json").read_text())[name])


def environments(folder: Path) -> dict[int, dict[str, str]]:
    """The environments of the servers of a folder, by process, as the system knows them."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            pairs = [entry.partition("=") for entry in (process / "environ").read_text().split("\0")]
        except OSError:  # the process has ended, or belongs to another user
            continue
        found[int(process.name)] = {name: value for name, _, value in pairs}
    return {process: each for process, each in found.items() if each.get("PREFECT_HOME") == str(folder)}


def settings(api: str) -> Any:
    return httpx.get(f"{api}/admin/settings").json()


def connects(host: str, port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex((host, port)) == 0


@pytest.mark.usefixtures("own_api")
def test_two_that_start_it_at_once_have_the_same(started_twice: tuple[Path, list[str]], own_folder: Path) -> None:
    first, second = started_twice[1]
    assert first == second != ""
    assert list(environments(own_folder)) == [read_state(own_folder, "pid")]


def test_it_outlives_who_started_it_and_is_found_again(own_api: str, own_folder: Path) -> None:
    process = read_state(own_folder, "pid")
    assert os.getsid(process) != os.getsid(0)
    with local_server.keep_running():
        assert local_server.await_address() == local_server.address() == own_api
    assert read_state(own_folder, "pid") == process


def test_it_listens_on_the_loopback_only(own_api: str) -> None:
    port = httpx.URL(own_api).port
    assert port is not None
    assert connects("127.0.0.1", port)
    assert not connects("127.0.0.2", port)


def test_it_is_tuned_and_calls_no_one(own_api: str, own_folder: Path) -> None:
    known = settings(own_api)
    assert known["server"]["analytics_enabled"] is False
    recorder = known["server"]["services"]["task_run_recorder"]
    assert (recorder["read_batch_size"], recorder["batch_size"], recorder["flush_interval"]) == (100, 100, 1)
    assert sorted(known["server"]["services"]["db_vacuum"]["enabled"]) == ["events", "flow_runs"]
    assert known["server"]["concurrency"]["lease_storage"].endswith(".filesystem")
    assert known["server"]["ui"]["api_url"] == own_api
    assert known["ui_url"] == own_api.removesuffix("/api")
    assert environments(own_folder)[read_state(own_folder, "pid")]["DO_NOT_TRACK"] == "1"


def test_all_of_its_files_lie_in_a_folder_that_is_its_owners(own_folder: Path, own_api: str) -> None:
    assert settings(own_api)["home"] == str(own_folder)
    assert (own_folder / "prefect.db").exists()
    assert own_folder.stat().st_mode & 0o077 == 0


def test_it_is_not_ended_while_it_is_used(nightbrush: Nightbrush, own_api: str) -> None:
    with local_server.keep_running():
        complaint = nightbrush("ui", "--stop").complaint
    assert complaint == "the Prefect server is in use: a run reports to it; wait for its end, or interrupt it"
    assert local_server.address() == own_api


def test_after_it_was_killed_another_has_the_same_history_beside_whoever_took_its_port(
    own_api: str, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpx.post(f"{own_api}/variables/", json={"name": "before", "value": "kept"}).raise_for_status()
    port = read_state(own_folder, "port")
    os.kill(read_state(own_folder, "pid"), signal.SIGKILL)
    while connects("127.0.0.1", port):
        sleep(0.05)
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL", "2")
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////nowhere/prefect.db")
    with answering('{"home": "/someone/else"}', port):
        assert local_server.address() is None
        with local_server.keep_running():
            another = local_server.await_address()
    assert another != own_api
    assert httpx.get(f"{another}/variables/name/before").json()["value"] == "kept"
    assert settings(another)["server"]["services"]["task_run_recorder"]["flush_interval"] == 2


@pytest.mark.usefixtures("own_api")
def test_the_command_ends_it(nightbrush: Nightbrush, own_folder: Path) -> None:
    assert nightbrush("ui", "--stop").out == "The server has ended.\n"
    assert environments(own_folder) == {}
    assert local_server.address() is None
    assert nightbrush("ui", "--stop").out == "There was no server to end.\n"


def test_one_of_another_version_makes_room_unless_it_is_used(own_folder: Path) -> None:
    with local_server.keep_running():
        before = json.loads((own_folder / "server.json").read_text())
    (own_folder / "server.json").write_text(json.dumps({**before, "prefect": "3.0.0"}))
    with local_server.keep_running():
        after = read_state(own_folder, "pid")
        assert after != before["pid"]
        assert read_state(own_folder, "port") == before["port"]
        (own_folder / "server.json").write_text(json.dumps({**before, "pid": after, "prefect": "3.0.0"}))
        with local_server.keep_running():
            assert read_state(own_folder, "pid") == after
    assert list(environments(own_folder)) == [after]


def test_one_that_does_not_start_is_one_line_and_names_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "no-such-program")
    with local_server.keep_running(), pytest.raises(ServerError) as caught:
        local_server.await_address()
    log = tmp_path / "prefect" / "server.log"
    assert str(caught.value) == (
        f"the Prefect server that keeps the history does not start; see why in {str(log)!r}, or run with --no-history"
    )
    assert "no-such-program" in log.read_text()


def test_it_is_possible_only_where_files_can_be_locked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_file: object, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path))
    assert local_server.is_possible()
    monkeypatch.setattr(file_lock, "flock", refuse)
    assert not local_server.is_possible()


def test_a_folder_that_cannot_be_had_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path / "file"))
    with pytest.raises(ServerError) as caught, local_server.keep_running():
        pass
    folder = tmp_path / "file" / "prefect"
    remedy = "set NIGHTBRUSH_HOME to a folder of this machine's own that can be written, or run with --no-history"
    assert str(caught.value) == f"the history cannot be kept in {str(folder)!r}: Not a directory; {remedy}"
