"""What other programs leave in the environment does not come between Prefect and this machine."""

import os
from pathlib import Path

import pytest
from botocore.httpsession import get_cert_path
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.prefect_server import local_server
from flows.prefect_server.api import ApiError, api_address, variables_for
from flows.prefect_server.network import is_this_machine, unusable_variables, variables_for_this_machine
from flows.prefect_server.settings import set_environment
from tests.flows.console import TINY, Nightbrush, in_a_process_of_its_own

NETWORK = ("SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
UNUSABLE = {
    "SSL_CERT_FILE": "/nowhere/cacert.pem",
    "PREFECT_API_SSL_CERT_FILE": "/nowhere/prefect.pem",
    "ALL_PROXY": "socks://127.0.0.1:9",
    "https_proxy": "ftp://someone:hidden@127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:port",
}
"""Variables of other programs, or of what is gone, that Prefect's client cannot use."""


@pytest.fixture(autouse=True)
def _no_network_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NETWORK, *map(str.lower, NETWORK)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def _odd_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in UNUSABLE.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4200/api", "http://127.8.9.1/api", "http://[::1]:4200/api", "http://localhost/api"]
)
def test_the_loopback_is_this_machine(url: str) -> None:
    assert is_this_machine(url)


@pytest.mark.parametrize("url", ["https://api.prefect.cloud/api", "http://192.168.0.2:4200/api", "http://localhost.de"])
def test_any_other_address_is_not(url: str) -> None:
    assert not is_this_machine(url)


@pytest.mark.usefixtures("_odd_environment")
def test_each_variable_that_cannot_be_used_is_found_with_the_reason() -> None:
    reasons = unusable_variables()
    assert reasons.keys() == UNUSABLE.keys()
    assert reasons["SSL_CERT_FILE"] == "No such file or directory"
    assert all(reasons.values())


def test_a_file_without_a_certificate_cannot_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    assert list(unusable_variables()) == ["SSL_CERT_FILE"]


def test_what_can_be_used_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    usable = {"SSL_CERT_FILE": get_cert_path(True), "HTTPS_PROXY": "http://proxy:3128", "HTTP_PROXY": "proxy:3128"}
    for name, value in (usable | {"ALL_PROXY": "", "NO_PROXY": "example.org,localhost"}).items():
        monkeypatch.setenv(name, value)
    past = "example.org,localhost,127.0.0.1,::1"
    assert variables_for_this_machine() == {"no_proxy": past, "NO_PROXY": past}


@pytest.mark.usefixtures("_odd_environment")
def test_no_variable_comes_between_prefect_and_this_machine(prefect_api: str) -> None:
    assert api_address() == prefect_api
    assert UNUSABLE.items() <= os.environ.items()
    with set_environment(variables_for(None)):
        assert UNUSABLE.keys().isdisjoint(os.environ)


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_variable_that_bars_the_way_to_another_machine_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, UNUSABLE[name])
    with temporary_settings({PREFECT_API_URL: "https://example.org/api"}), pytest.raises(ApiError) as caught:
        api_address()
    value = UNUSABLE[name].replace("someone:hidden@", "")
    assert str(caught.value).startswith(f"{name}={value!r} cannot be used to reach https://example.org/api: ")
    assert str(caught.value).endswith("; correct or unset it")


@pytest.mark.usefixtures("_odd_environment")
def test_our_own_server_inherits_none_of_it() -> None:
    inherited = local_server._server_environment(4270)
    assert UNUSABLE.keys().isdisjoint(inherited)
    assert "127.0.0.1" in inherited["NO_PROXY"]


@pytest.mark.usefixtures("_odd_environment")
def test_a_batch_runs_whatever_the_environment_says_of_the_network(
    nightbrush: Nightbrush, places: list[str], prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nightbrush("run", *places, *TINY).status == 0  # so that the other process need not load TensorFlow
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    ran = in_a_process_of_its_own("run", *places, *TINY)
    assert (ran.status, ran.out.splitlines()[0]) == (0, "1 of 1 pairs have their picture, 0 failed")
    assert "Traceback" not in ran.err
