"""The Prefect API is looked at before a flow is: whatever is wrong with it is one line."""

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.prefect_server.api import ApiError, api_address
from tests.flows.answering import answering
from tests.flows.console import TINY, Nightbrush, in_a_process_of_its_own


def refusal(url: str) -> str:
    """What is said of an API at `url`."""
    with temporary_settings({PREFECT_API_URL: url}), pytest.raises(ApiError) as caught:
        api_address()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_api_that_answers_is_reported_to(prefect_api: str) -> None:
    assert api_address() == prefect_api


@pytest.mark.parametrize("unset", [{}, {PREFECT_API_URL: ""}], ids=["unset", "empty"])
def test_that_there_may_be_none_is_seen(unset: dict[object, str]) -> None:
    with temporary_settings(unset, restore_defaults={PREFECT_API_URL}):
        assert api_address() is None


BAD_ADDRESSES = [
    *("localhost:4200/api", "nonsense", "http://", "http:///api", "ftp://127.0.0.1/api"),
    *("http://[::1/api", "http://127.0.0.1:port/api", "http://127.0.0.1:70000/api", "http://127.0.0.1:0/api"),
]


@pytest.mark.parametrize("url", BAD_ADDRESSES)
def test_what_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    remedy = "use an address such as http://127.0.0.1:4200/api, or unset it"
    with pytest.raises(ApiError) as caught:
        api_address()
    assert str(caught.value) == f"PREFECT_API_URL={url!r} is not allowed; {remedy}"


def test_what_is_no_address_is_refused_in_a_profile_too() -> None:
    assert refusal("localhost:4200/api").startswith("PREFECT_API_URL='localhost:4200/api' is not allowed; ")


@pytest.mark.parametrize("url", ["http://someone:hidden@127.0.0.1:9/api", "http://someone:hid/den@127.0.0.1/api"])
def test_a_password_in_an_address_is_not_repeated(url: str) -> None:
    assert "http://127.0.0.1" in refusal(url)
    assert "hid" not in refusal(url)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('"2.20.0"', "cannot be used: Found incompatible versions: client: 3."),
        ("<html>A page</html>", "cannot be used: Failed to reach API at "),
    ],
)
def test_a_server_that_is_no_api_of_this_version_is_refused(answer: str, reason: str) -> None:
    with answering(answer) as url:
        assert refusal(url).startswith(f"{url} {reason}")
        assert refusal(url).endswith("; correct PREFECT_API_URL or unset it")


def test_a_run_is_refused_before_it_makes_anything(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://")
    assert nightbrush("run", *places, *TINY).complaint.startswith("PREFECT_API_URL='http://' is not allowed; ")
    monkeypatch.delenv("PREFECT_API_URL")
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        complaint = nightbrush("run", *places, *TINY).complaint
    assert complaint.startswith("http://127.0.0.1:9/api does not answer: ")
    assert not folders["output"].exists()


def test_settings_that_prefect_refuses_are_one_line(places: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_ENABLE_HTTP2", "perhaps")
    complaint = in_a_process_of_its_own("run", *places, *TINY).complaint
    assert complaint.startswith("Prefect refuses its settings: ")
    assert "enable_http2 Input should be a valid boolean" in complaint
