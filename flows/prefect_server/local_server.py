"""A Prefect server of our own: it keeps the history of this machine's runs, and outlives them.

It listens on the loopback only, and all of its files lie in the folder of what is kept between runs. What tells that it
lives is a locked file, which it holds: the system unlocks it however the server ends, so nothing that a dead one leaves
behind is taken for a living one. What answers at its port is asked whose it is: the port may be someone else's by now.
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

from flows.prefect_server.settings import SERVER_DEFAULTS
from nst_engine.errors import NightbrushError
from tasks.local_state import state_folder
from tasks.storage.file_lock import lock, lock_shared, try_lock

HOST = "127.0.0.1"
PORTS = range(4270, 4370)
"""Ports that are tried in turn, after the one of last time."""

_START_SECONDS = 120
_STOP_SECONDS = 15
_ANSWER_SECONDS = 5
_PAUSE_SECONDS = 0.2
_LOOK_SECONDS = 2
_STARTS = 2
"""How often a server is started that ends before it answers: someone else may have been faster to take its port."""

_LOG_BYTES = 2**20
"""A log larger than this makes room for a new one."""


class ServerError(NightbrushError):
    """The server does not start, or may not end; the text says why and what to do."""


@contextmanager
def used() -> Iterator[None]:
    """Start the server unless it lives; it may take seconds until it answers.

    While the block lasts, no one stops the server, and if it ends for another reason it is started again.

    Raises:
        ServerError: it cannot be started here.
    """
    over = Event()
    with _opened("users.lock") as users:
        with _turn():
            _launch()
            lock_shared(users)
        keeper = Thread(target=_keep_up, args=[over])
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()


def answering() -> str:
    """The address of the server's API, started if need be, as soon as it answers.

    Raises:
        ServerError: it does not.
    """
    starts, end = 0, monotonic() + _START_SECONDS
    while (found := address()) is None:
        with _turn():
            starts += _launch()
        if starts > _STARTS or monotonic() > end:
            remedy = f"see why in {str(_folder() / 'server.log')!r}, or run with --no-history"
            raise ServerError(f"the Prefect server that keeps the history does not start; {remedy}")
        sleep(_PAUSE_SECONDS)
    return found


def address() -> str | None:
    """The address of the server's API if it answers, and is our own."""
    port = _told("port")
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
    """End the server; returns whether it lived.

    Raises:
        ServerError: a run reports to it.
    """
    with _turn():
        if not _lives():
            return False
        if _is_used():
            raise ServerError("the Prefect server is in use: a run reports to it; wait for its end, or interrupt it")
        _end()
    return True


def _launch() -> bool:
    """Start the server unless it lives; one of another version of Prefect makes room, unless it is in use."""
    if _lives() and _told("prefect") != version("prefect") and not _is_used():
        _end()
    with _opened("server.lock") as alive:
        if not try_lock(alive):
            return False
        _start(alive.fileno())
        return True


def _keep_up(over: Event) -> None:
    """Start the server again where it has ended, until all is over or it does not start any more."""
    starts = 0
    with suppress(ServerError):
        while not over.wait(_LOOK_SECONDS) and starts < _STARTS:
            with _turn():
                starts += _launch()


def _start(alive: int) -> None:
    """Start the server in a session of its own, where it goes on when we end.

    The shell between us and it ends at once, so that the server is no child of ours, and tells its process id.

    Args:
        alive: open file, locked, that tells that the server lives; the server inherits it.
    """
    port = _free_port()
    log = _folder() / "server.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.old"))
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    pid = subprocess.check_output(  # noqa: S603 - our own words
        ["/bin/sh", "-c", '"$@" >>server.log 2>&1 </dev/null & echo $!', "sh", *command],
        cwd=_folder(),
        env=_environment(port),
        start_new_session=True,
        pass_fds=[alive],
    )
    told = {"pid": int(pid), "port": port, "prefect": version("prefect")}
    (_folder() / "server.json").write_text(json.dumps(told), encoding="ascii")


def _environment(port: int) -> dict[str, str]:
    """Our environment, without what it says of Prefect but for the settings that are made for the server."""
    tuned = {name: os.environ.get(name, value) for name, value in SERVER_DEFAULTS.items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    page = f"http://{HOST}:{port}"
    return {
        **inherited,
        **tuned,
        "PREFECT_HOME": str(_folder()),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///prefect.db",  # there, whatever that is called
        "PREFECT_UI_URL": page,
        "PREFECT_SERVER_UI_API_URL": f"{page}/api",
    }


def _end() -> None:
    """End the server that lives: it is asked to, and killed if it does not."""
    process = _told("pid")
    if not process:
        raise ServerError(f"the Prefect server's process is not told in {str(_folder() / 'server.json')!r}; end it")
    for request in (signal.SIGTERM, signal.SIGKILL):
        os.kill(int(process), request)
        end = monotonic() + _STOP_SECONDS
        while _lives() and monotonic() < end:
            sleep(_PAUSE_SECONDS)
        if not _lives():
            return


def _free_port() -> int:
    for port in (int(_told("port") or PORTS[0]), *PORTS):
        with socket() as trial:
            trial.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
            return int(port)
    raise ServerError(f"the Prefect server finds no free port from {PORTS[0]} to {PORTS[-1]}; run with --no-history")


def _told(name: str) -> str:
    """What the last start wrote down of the server; empty if there was none."""
    try:
        return str(json.loads((_folder() / "server.json").read_text(encoding="ascii")).get(name, ""))
    except (OSError, ValueError):
        return ""


def _lives() -> bool:
    with _opened("server.lock") as alive:
        return not try_lock(alive)


def _is_used() -> bool:
    with _opened("users.lock") as users:
        return not try_lock(users)


@contextmanager
def _turn() -> Iterator[None]:
    """The right to start or end the server, which one process has at a time."""
    with _opened("turn.lock") as turn:
        lock(turn)
        yield


def _opened(name: str) -> BufferedWriter:
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        return (_folder() / name).open("ab")
    except OSError as error:
        remedy = "set NIGHTBRUSH_HOME to a folder that can be written, or run with --no-history"
        raise ServerError(f"the history cannot be kept in {str(_folder())!r}: {error.strerror}; {remedy}") from error


def _folder() -> Path:
    return (state_folder() / "prefect").resolve()
