"""An S3 server on loopback, and an environment in which boto3 finds only this server."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore import session
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server import werkzeug_app
from moto.server import ThreadedMotoServer

from tasks.storage import Storage, StorageError, require_writable, s3
from tests.tasks.storage.contract import listed

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIATHISISNOTSHOWN00",
    "AWS_SECRET_ACCESS_KEY": "secretThatIsNotShown/andNotLogged+0123456",
    "AWS_SESSION_TOKEN": "tokenThatIsNotShown/andNotLogged==",
}


class AcrossLines(werkzeug_app.RegexConverter):
    """A route's pattern, whose dot means any character: S3 takes keys with newlines, and moto alone does not."""

    def __init__(self, url_map: Any, pattern: str) -> None:
        super().__init__(url_map, f"(?s:{pattern})")


@contextmanager
def moto_server() -> Iterator[str]:
    """The URL of a server that holds nothing yet."""
    with pytest.MonkeyPatch.context() as routes:
        routes.setattr(werkzeug_app, "RegexConverter", AcrossLines)
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.stop()


@contextmanager
def s3_at(url: str, home: Path) -> Iterator[pytest.MonkeyPatch]:
    """boto3 and its files as on a machine with this server and the `SECRETS` alone."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        settings = SECRETS | {"AWS_ENDPOINT_URL_S3": url, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(home)}
        for name, value in settings.items():
            environment.setenv(name, value)
        environment.setattr(session, "create_loader", _create_loader)
        forget_client()
        yield environment
        forget_client()


def forget_client() -> None:
    """Discard the client, so that the next one reads the environment anew."""
    if s3._client_of.cache_info().currsize:
        s3.client().close()
    s3._client_of.cache_clear()


_create_loader = cache(session.create_loader)
"""Reads the descriptions of S3 once for all clients; reading them is most of the time that a client takes."""


def new_bucket(name: str | None = None) -> str:
    """The name of a bucket just made on the server."""
    name = name or f"bucket-{uuid4().hex}"
    _backend().create_bucket(name, "us-east-1")
    return name


def fill(bucket: str, *keys: str) -> None:
    """Put empty objects directly into the server: it is quick, and accepts keys that our storages refuse."""
    for key in keys:
        _backend().put_object(bucket, key, b"")


def _backend() -> Any:
    return get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]


def written(storage: Storage, data: bytes) -> bytes:
    """The data after a write and a read."""
    storage.write("b.png", data)
    return storage.read("b.png")


USES: dict[str, Callable[[Storage], object]] = {
    "list": listed,
    "read": lambda storage: storage.read("a.png"),
    "write": lambda storage: written(storage, b"new"),
    "write in parts": lambda storage: written(storage, bytes(6 * 2**20)),
    "head": lambda storage: storage.head("a.png"),
    "require_writable": require_writable,
}
"""All operations on a storage that holds an object `a.png`."""


def refusal(use: Callable[[], object]) -> str:
    """The text of the error that `use` raises: one line."""
    with pytest.raises(StorageError) as caught:
        use()
    assert "\n" not in str(caught.value)
    return str(caught.value)
