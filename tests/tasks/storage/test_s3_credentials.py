"""The description of the access to S3, made without contacting it."""

import sys
from pathlib import Path

import pytest

from tasks.storage import StorageError
from tasks.storage.s3_credentials import describe_access
from tests.tasks.storage.buckets import SECRETS
from tests.tasks.storage.faults import Proxy


@pytest.fixture
def bare(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which nothing is set for S3."""
    for name in (*SECRETS, "AWS_ENDPOINT_URL_S3", "AWS_EC2_METADATA_DISABLED"):
        environment.delenv(name)
    return environment


def test_tells_the_server_the_region_and_where_credentials_come_from(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL_S3", "http://someone:hidden@127.0.0.1:9000/minio")
    environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert describe_access() == "127.0.0.1:9000, region eu-west-1, credentials from env"


def test_tells_the_profile_whose_files_are_read(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(f"[profile studio]\nregion = eu-west-1\naws_access_key_id = a\naws_secret_access_key = {'b' * 9}\n")
    bare.setenv("AWS_CONFIG_FILE", str(file))
    bare.setenv("AWS_PROFILE", "studio")
    assert describe_access() == (
        "s3.eu-west-1.amazonaws.com, region eu-west-1, profile studio, credentials from config-file"
    )


def test_asks_no_server_and_no_helper_for_credentials(bare: pytest.MonkeyPatch, proxy: Proxy, tmp_path: Path) -> None:
    asked, file = tmp_path / "asked", tmp_path / "config"
    file.write_text(f"[default]\ncredential_process = {sys.executable} -c \"open('{asked}', 'w')\"\n")
    settings = {
        "AWS_CONFIG_FILE": str(file),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{proxy.url}/role",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": proxy.url,
    }
    for name, value in settings.items():
        bare.setenv(name, value)
    assert "no credentials in environment or files; those of a helper or of the machine's role" in describe_access()
    assert proxy.requests == []
    assert not asked.exists()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"AWS_PROFILE": "absent"}, "AWS_PROFILE names no profile; check it and the files in ~/.aws"),
        ({"AWS_ACCESS_KEY_ID": "AKIAHIDDEN"}, "no credentials found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"),
        ({"AWS_ENDPOINT_URL_S3": "localhost:9000"}, "AWS_ENDPOINT_URL_S3, AWS_DEFAULT_REGION or AWS_MAX_ATTEMPTS has"),
    ],
    ids=str,
)
def test_says_what_is_set_wrongly(bare: pytest.MonkeyPatch, settings: dict[str, str], reason: str) -> None:
    for name, value in settings.items():
        bare.setenv(name, value)
    with pytest.raises(StorageError, match=f"S3 cannot be used: {reason}") as caught:
        describe_access()
    assert "HIDDEN" not in str(caught.value)


def test_an_endpoint_whose_port_is_no_number_is_not_repeated(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL_S3", "http://user:hid/den@127.0.0.1")
    assert describe_access().startswith("the endpoint, region ")
