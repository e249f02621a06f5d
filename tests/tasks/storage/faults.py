"""An HTTP server in front of another one, which passes requests on and fails as the test says."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import sleep
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Fault:
    """How one request is treated; by default, the request and its answer are passed on.

    Attributes:
        status: the request is not passed on, but answered with this.
        code, text: of that answer, as S3 words it.
        keep: the share of the answer's body that arrives before the connection ends; below 0 not even its head does.
        damage: the body arrives with its middle byte changed.
        delay: seconds before the answer.
    """

    status: int | None = None
    code: str = ""
    text: str = ""
    keep: float = 1.0
    damage: bool = False
    delay: float = 0.0

    def __str__(self) -> str:
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        return " ".join(f"{name}={value}" for name, value in told.items() if value != getattr(Fault, name))


BROKEN_SERVER = Fault(status=500, code="InternalError")
SLOW_DOWN = Fault(status=503, code="SlowDown")
CUT = Fault(keep=0.5)
LOST = Fault(keep=-1)
DAMAGED = Fault(damage=True)

Choice = Callable[[str, str], Fault | None]
"""The fault of a request, by its method and its path with the query; None if it is passed on."""


def never(method: str, path: str) -> None:
    """No fault for any request."""


def always(fault: Fault, method: str = "", path: str = "") -> Choice:
    """`fault` for each request whose method and path fit; both are patterns."""
    return lambda asked, where: fault if re.match(method, asked) and re.search(path, where) else None


def first(number: int, choice: Choice) -> Choice:
    """The first `number` of the faults that `choice` gives, and then none."""
    left = iter(range(number))
    return lambda asked, where: fault if (fault := choice(asked, where)) and next(left, None) is not None else None


@dataclass
class Proxy:
    """The proxy: its address, the server behind it, its faults and the requests that it received."""

    upstream: str
    url: str = ""
    choice: Choice = never
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: int = 0
    _lock: Lock = field(default_factory=Lock)

    def fault(self, method: str, path: str) -> Fault:
        with self._lock:
            self.requests.append((method, path))
            chosen = self.choice(method, path)
            self.faults += chosen is not None
        return chosen or Fault()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.fault(self.command, self.path)
        sleep(fault.delay)
        status, headers, data = _refusal(fault) if fault.status else self._upstream(body)
        if fault.keep >= 0:
            sent = _damaged(data) if fault.damage else data[: round(len(data) * fault.keep)]
            with suppress(ConnectionError):  # the client did not wait
                self._answer(status, headers, sent)
        self.close_connection = fault.keep < 1

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _pass  # noqa: N815 - http.server's names

    def _upstream(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(urlsplit(self.proxy.upstream).netloc, timeout=60)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "expect")}
        try:
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        names = ("connection", "transfer-encoding", "content-length")
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in names}
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        return answer.status, headers | {"Content-Length": length or "0"}, data

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Log nothing: `Proxy.requests` has the requests."""


def _refusal(fault: Fault) -> tuple[int, dict[str, str], bytes]:
    data = f"<Error><Code>{fault.code}</Code><Message>{fault.text}</Message></Error>".encode()
    return fault.status or 500, {"Content-Length": str(len(data)), "Content-Type": "application/xml"}, data


def _damaged(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@contextmanager
def proxy_to(upstream: str) -> Iterator[Proxy]:
    """A proxy to the server at the URL `upstream`, on a free port of the loopback."""
    proxy = Proxy(upstream)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
