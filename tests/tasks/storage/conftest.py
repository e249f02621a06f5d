from collections.abc import Iterator
from pathlib import Path

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.retries.standard import ExponentialBackoff

from tasks.storage import Storage, open_storage, s3, s3_errors
from tests.tasks.storage.buckets import forget_client, moto_server, new_bucket, s3_at
from tests.tasks.storage.faults import Proxy, proxy_to


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(scope="module")
def cloud(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of boto3, whose client lives as long as the module's tests: each takes a while to make."""
    home = tmp_path_factory.mktemp("home")
    with s3_at(server, home):
        yield home


@pytest.fixture
def bucket(cloud: Path) -> str:  # noqa: ARG001 - the server runs
    return new_bucket()


@pytest.fixture
def environment(cloud: Path) -> Iterator[pytest.MonkeyPatch]:  # noqa: ARG001 - it is changed, and then restored
    """Set variables for a client of this test alone."""
    with pytest.MonkeyPatch.context() as environment:
        forget_client()
        yield environment
        forget_client()


@pytest.fixture
def proxy(server: str, environment: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy between the client and the server."""
    with proxy_to(server) as proxy:
        environment.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy
        forget_client()


@pytest.fixture
def photos(proxy: Proxy, bucket: str) -> Storage:
    """A storage with one object, behind the proxy, which has received no request yet."""
    storage = open_storage(f"s3://{bucket}/photos")
    storage.write("a.png", b"0123456789" * 1000)
    proxy.requests.clear()
    return storage


@pytest.fixture
def hasty(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which botocore tries a request twice at most."""
    environment.setenv("AWS_MAX_ATTEMPTS", "2")
    return environment


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses, botocore's own too, and parts as small as S3 takes them."""
    monkeypatch.setattr(s3_errors, "PAUSE", 0.001)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.001)
    monkeypatch.setattr(s3, "_TRANSFER", TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20))
