"""Our own Prefect server: it keeps the history of this machine's runs, and outlives them.

It listens on the loopback only, and all of its files are in the state folder. While it runs it holds a lock on a file,
which the system releases however the server ends; so the files of a dead server are never taken for a running one.
Whatever answers at its port must say that it is ours: another program may have the port by now.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from io import BufferedWriter
from pathlib import Path
from socket import SO_REUSEADDR, SOL_SOCKET, socket
from threading import Event, Thread
from time import monotonic, sleep

from flows.prefect_server.network import variables_for_this_machine
from flows.prefect_server.settings import SERVER_DEFAULTS
from nst_engine.errors import NightbrushError
from tasks.local_state import state_folder
from tasks.storage.file_lock import can_lock, lock, lock_shared, try_lock

HOST = "127.0.0.1"
PORTS = range(4270, 4370)
"""Ports to try in turn, after the port of the last start."""

_START_SECONDS = 120
_STOP_SECONDS = 15
_ANSWER_SECONDS = 5
_PAUSE_SECONDS = 0.2
_CHECK_SECONDS = 2
_MAX_STARTS = 2
"""How often to start a server that ends before it answers: another program may have taken its port first."""

_LOG_BYTES = 2**20
"""A larger log is renamed at the next start, and a new one begun."""


class ServerError(NightbrushError):
    """The server cannot be started or ended; the text says why and what to do."""


def is_possible() -> bool:
    """True if the server's files can be locked, without which no one knows whether it runs.

    Raises:
        ServerError: they cannot be made.
    """
    with _open_file("turn.lock") as turn:
        return can_lock(turn)


@contextmanager
def keep_running() -> Iterator[None]:
    """Start the server unless it runs, and keep it running until the block ends; its first answer may take seconds.

    Within the block `stop` is refused, and a server that ends for another reason is started again.

    Raises:
        ServerError: the server cannot be started here.
    """
    ended = Event()
    with _open_file("users.lock") as users:
        with _take_turn():
            _launch()
            lock_shared(users)
        keeper = Thread(target=_restart_when_ended, args=[ended])
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()


def await_address() -> str:
    """Start the server if necessary, and wait until it answers; returns the address of its API.

    Raises:
        ServerError: the server does not answer.
    """
    starts, end = 0, monotonic() + _START_SECONDS
    while (url := address()) is None:
        with _take_turn():
            starts += _launch()
        if starts > _MAX_STARTS or monotonic() > end:
            remedy = f"see why in {str(_folder() / 'server.log')!r}, or run with --no-history"
            raise ServerError(f"the Prefect server that keeps the history does not start; {remedy}")
        sleep(_PAUSE_SECONDS)
    return url


def address() -> str | None:
    """The address of our server's API; None if our server does not answer."""
    port = _read_state("port")
    if not port:
        return None
    connection = HTTPConnection(HOST, int(port), timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/api/admin/settings")
        settings = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    is_ours = isinstance(settings, dict) and settings.get("home") == str(_folder())
    return f"http://{HOST}:{port}/api" if is_ours else None


def stop() -> bool:
    """End the server; returns True if there was one to end.

    Raises:
        ServerError: a run reports to it.
    """
    with _take_turn():
        if not _is_running():
            return False
        if _is_used():
            raise ServerError("the Prefect server is in use: a run reports to it; wait for its end, or interrupt it")
        _end()
    return True


def _launch() -> bool:
    """Start the server unless it runs; returns True if it was started.

    A server of another version of Prefect is ended first, unless a run uses it.
    """
    if _is_running() and _read_state("prefect") != version("prefect") and not _is_used():
        _end()
    with _open_file("server.lock") as alive:
        if not try_lock(alive):
            return False
        _start(alive.fileno())
        return True


def _restart_when_ended(ended: Event) -> None:
    """Start the server again whenever it has ended, until `ended` is set or too many starts have failed."""
    starts = 0
    with suppress(ServerError):
        while not ended.wait(_CHECK_SECONDS) and starts < _MAX_STARTS:
            with _take_turn():
                starts += _launch()


def _start(alive: int) -> None:
    """Start the server in a session of its own, so that it outlives this process.

    A shell in between prints the server's process id and ends at once, so that the server is no child of this process.

    Args:
        alive: descriptor of the locked file that shows that the server runs; the server inherits it.
    """
    port = _free_port()
    log = _folder() / "server.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.old"))
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    pid = subprocess.check_output(  # noqa: S603 - the command is our own
        ["/bin/sh", "-c", '"$@" >>server.log 2>&1 </dev/null & echo $!', "sh", *command],
        cwd=_folder(),
        env=_server_environment(port),
        start_new_session=True,
        pass_fds=[alive],
    )
    state = {"pid": int(pid), "port": port, "prefect": version("prefect")}
    (_folder() / "server.json").write_text(json.dumps(state), encoding="ascii")


def _server_environment(port: int) -> dict[str, str]:
    """The server's environment: ours, its PREFECT_ variables replaced by the server's settings, past any proxy."""
    settings = {name: os.environ.get(name, value) for name, value in SERVER_DEFAULTS.items()}
    network = variables_for_this_machine()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | network
    page = f"http://{HOST}:{port}"
    variables = {
        **inherited,
        **settings,
        "PREFECT_HOME": str(_folder()),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///prefect.db",  # relative: any folder name will do
        "PREFECT_UI_URL": page,
        "PREFECT_SERVER_UI_API_URL": f"{page}/api",
    }
    return {name: value for name, value in variables.items() if value is not None}


def _end() -> None:
    """Ask the running server to end, and kill it if it does not."""
    process = _read_state("pid")
    if not process:
        raise ServerError(
            f"{str(_folder() / 'server.json')!r} holds no id of the Prefect server's process; end it yourself"
        )
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.kill(int(process), number)
        end = monotonic() + _STOP_SECONDS
        while _is_running() and monotonic() < end:
            sleep(_PAUSE_SECONDS)
        if not _is_running():
            return


def _free_port() -> int:
    for port in (int(_read_state("port") or PORTS[0]), *PORTS):
        with socket() as candidate:
            candidate.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            return int(port)
    raise ServerError(f"the Prefect server finds no free port from {PORTS[0]} to {PORTS[-1]}; run with --no-history")


def _read_state(name: str) -> str:
    """A value that the last start wrote to `server.json`; empty if there is none."""
    try:
        return str(json.loads((_folder() / "server.json").read_text(encoding="ascii")).get(name, ""))
    except (OSError, ValueError):
        return ""


def _is_running() -> bool:
    with _open_file("server.lock") as alive:
        return not try_lock(alive)


def _is_used() -> bool:
    with _open_file("users.lock") as users:
        return not try_lock(users)


@contextmanager
def _take_turn() -> Iterator[None]:
    """Wait for the right to start or end the server, which one process has at a time.

    Raises:
        ServerError: files cannot be locked here.
    """
    with _open_file("turn.lock") as turn:
        try:
            lock(turn)
        except OSError as error:
            raise _refusal(error) from error
        yield


def _open_file(name: str) -> BufferedWriter:
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        return (_folder() / name).open("ab")
    except OSError as error:
        raise _refusal(error) from error


def _refusal(error: OSError) -> ServerError:
    remedy = "set NIGHTBRUSH_HOME to a folder of this machine's own that can be written, or run with --no-history"
    return ServerError(f"the history cannot be kept in {str(_folder())!r}: {error.strerror}; {remedy}")


def _folder() -> Path:
    return (state_folder() / "prefect").resolve()
