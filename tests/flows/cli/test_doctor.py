import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.cli.doctor import Finding, examine
from tasks.local_state import outbox, state_folder
from tasks.making import locks
from tasks.storage import local
from tests.flows.console import Nightbrush
from tests.tasks.storage.buckets import SECRETS, fill, moto_server, new_bucket, s3_at
from tests.tasks.storage.faults import Fault, Proxy, always, proxy_to


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any weights; returns where ImageNet's would be."""
    monkeypatch.setenv("NIGHTBRUSH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "models"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """What stands before the one S3 server that this machine knows."""
    with moto_server() as url, proxy_to(url) as proxy, s3_at(proxy.url, tmp_path):
        yield proxy


def finding(what: str, *uris: str | Path) -> Finding:
    return next(finding for finding in examine(*map(str, uris)) if finding.what == what)


def test_tells_versions_and_devices() -> None:
    assert "TensorFlow 2." in finding("nightbrush").text
    assert "Prefect 3." in finding("nightbrush").text
    devices = [finding.text for finding in examine() if finding.what == "device"]
    assert devices[-1].startswith("cpu:0, precision auto is ")


def test_a_finding_is_one_line_that_says_whether_it_is_good() -> None:
    assert str(Finding(what="weights", text="all there")) == "ok   weights     all there"
    assert str(Finding(what="weights", text="none", good=False)) == "BAD  weights     none"


def test_a_machine_without_weights_cannot_run_a_batch(nightbrush: Nightbrush, no_weights: Path) -> None:
    assert not no_weights.exists()
    ran = nightbrush("doctor")
    assert (ran.status, ran.err) == (1, "")
    (bad,) = [line for line in ran.out.splitlines() if line.startswith("BAD")]
    assert bad == "BAD  weights     none; run: nightbrush weights get vgg16"
    assert not no_weights.exists()  # nothing was downloaded


def test_names_the_weights_that_are_there(nightbrush: Nightbrush, no_weights: Path) -> None:
    no_weights.mkdir()
    (no_weights / "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5").touch()
    ran = nightbrush("doctor")
    assert ran.status == 0
    assert "ok   weights     resnet50 imagenet" in ran.out.splitlines()


def test_weights_that_are_damaged_are_bad(nightbrush: Nightbrush, no_weights: Path, tmp_path: Path) -> None:
    for folder, name in (
        (no_weights, "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        (tmp_path / "weights", "vgg16.weights.h5"),
    ):
        folder.mkdir()
        (folder / name).touch()
    ran = nightbrush("doctor")
    assert ran.status == 1
    assert [line for line in ran.out.splitlines() if "weights" in line][-2:] == [
        "ok   weights     resnet50 imagenet",
        "BAD  weights     vgg16 packaged is damaged; run: nightbrush weights get vgg16",
    ]


def test_an_api_that_answers_is_good(prefect_api: str) -> None:
    assert finding("prefect") == Finding(what="prefect", text=f"{prefect_api} answers")


def test_an_api_that_does_not_answer_is_bad() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        found = finding("prefect")
    assert not found.good
    assert found.text.startswith("http://127.0.0.1:9/api does not answer: ")
    assert found.text.endswith("; start it or unset PREFECT_API_URL")


def test_without_an_api_a_run_starts_a_server_of_our_own() -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        found = finding("prefect")
    assert found == Finding(what="prefect", text="Nightbrush's own server is not running; nightbrush run starts it")


def test_a_server_of_our_own_that_answers_is_found(own_api: str) -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        found = finding("prefect")
    text = f"Nightbrush's own server answers at {own_api}; look at it: nightbrush ui"
    assert found == Finding(what="prefect", text=text)


# this machine's folder


def test_the_folder_that_is_kept_between_runs_is_tried() -> None:
    assert finding("home") == Finding(what="home", text=f"{state_folder()} can be written and locked")


def test_a_folder_between_runs_that_cannot_be_used_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NIGHTBRUSH_HOME", str(tmp_path / "file"))
    found = finding("home")
    assert not found.good
    assert "; set NIGHTBRUSH_HOME to a folder of this machine's own" in found.text


def test_a_folder_between_runs_without_locks_is_good_and_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "can_lock", lambda _file: False)
    found = finding("home")
    assert found.good
    assert found.text.startswith(
        f"{state_folder()} can be written; files in {str(state_folder())!r} cannot be locked: "
    )


def test_pictures_that_wait_to_be_written_are_counted() -> None:
    outbox.folder().mkdir(parents=True)
    (outbox.folder() / "f.picture").touch()
    _, waiting = (found for found in examine() if found.what == "home")
    assert waiting.text == f"pictures in {outbox.folder()} that wait until a run can write them: 1"


# S3 and folders


def test_a_folder_without_locks_is_good_and_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "can_lock", lambda _file: False)
    (tmp_path / "new").mkdir()
    found = finding("storage", tmp_path / "new")
    assert found.good
    assert "can be written; files there cannot be locked" in found.text


def test_names_the_settings_for_s3_and_no_secret(proxy: Proxy) -> None:
    address = proxy.url.removeprefix("http://")
    assert finding("s3") == Finding(what="s3", text=f"{address}, region us-east-1, credentials from env")
    assert proxy.requests == []


@pytest.mark.usefixtures("proxy")
def test_settings_for_s3_that_cannot_work_are_named_and_do_not_stop_a_batch_of_folders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")
    text = "S3 cannot be used: AWS_PROFILE names no profile; check it and the files in ~/.aws"
    assert finding("s3") == Finding(what="s3", text=text)


def test_a_folder_is_tried_and_left_as_it_was(nightbrush: Nightbrush, tmp_path: Path) -> None:
    ran = nightbrush("doctor", tmp_path, tmp_path / "new")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[-2:] == [
        f"ok   storage     {tmp_path} can be listed, and can be written",
        f"ok   storage     {tmp_path / 'new'} is not there yet, and can be written",
    ]
    assert list(tmp_path.iterdir()) == []


def test_the_findings_are_printed_as_json_too(nightbrush: Nightbrush, tmp_path: Path) -> None:
    ran = nightbrush("doctor", "--json", tmp_path, "ftp://host/photos")
    assert (ran.status, ran.err) == (1, "")
    first, *_, good, bad = json.loads(ran.out)
    assert first == {"what": "nightbrush", "text": finding("nightbrush").text, "good": True}
    assert good == {"what": "storage", "text": f"{tmp_path} can be listed, and can be written", "good": True}
    assert (bad["what"], bad["good"]) == ("storage", False)


def test_a_place_that_cannot_be_used_is_bad_and_says_why(nightbrush: Nightbrush, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    ran = nightbrush("doctor", file, file / "below", "ftp://host/photos")
    assert ran.status == 1
    assert ran.out.splitlines()[-3:] == [
        f"BAD  storage     '{file}' is no folder; name the folder that holds it",
        f"BAD  storage     {file}/below is not there yet, but folder '{file}/below' cannot be made: "
        f"'{file}' is no folder; choose another",
        "BAD  storage     a storage has the unknown scheme 'ftp'; use a folder's path or s3://bucket/prefix",
    ]


def test_a_bucket_is_listed_no_further_than_it_must_be_and_tried(proxy: Proxy) -> None:
    bucket = new_bucket()
    fill(bucket, *(f"photos/{number:04d}.png" for number in range(3003)))
    uri = f"s3://{bucket}/photos"
    assert finding("storage", uri) == Finding(what="storage", text=f"{uri} can be listed, and can be written")
    assert len([path for method, path in proxy.requests if method == "GET"]) <= 2


def test_a_bucket_that_takes_no_writes_is_bad_and_says_what_it_does_take(proxy: Proxy) -> None:
    uri = f"s3://{new_bucket()}"
    proxy.choice = always(Fault(status=403, code="AccessDenied"), "POST")
    found = finding("storage", uri)
    assert not found.good
    assert found.text.startswith(f"{uri} can be listed, but storage {uri!r} cannot be written: access denied; allow ")


@pytest.mark.usefixtures("proxy")
def test_a_bucket_without_credentials_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    uri = f"s3://{new_bucket()}"
    assert finding("s3", uri).good
    found = finding("storage", uri)
    assert not found.good
    assert found.text.startswith(f"storage {uri!r} cannot be listed: no credentials found; set AWS_PROFILE, or ")
