import logging
import socket
import sys
import traceback
from pathlib import Path

import pytest

from tasks.storage import Storage, StorageError, open_storage, require_writable, s3, s3_errors
from tests.tasks.storage.buckets import SECRETS, USES, refusal
from tests.tasks.storage.contract import listed
from tests.tasks.storage.faults import LOST, Fault, Proxy, always

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            Fault(status=403, code="AccessDenied"),
            "access denied; allow these credentials s3:ListBucket and s3:GetObject",
        ),
        (Fault(status=403, code="InvalidAccessKeyId"), "the credentials are not accepted; set AWS_PROFILE, or AWS_ACC"),
        (Fault(status=400, code="ExpiredToken"), "the credentials have expired; renew them"),
        (Fault(status=400, code="KeyTooLongError"), "the key is too long; use one of at most 1024 bytes"),
        (Fault(status=403, code="InvalidObjectState"), "it is archived; restore it first"),
        (Fault(status=403, code="QuotaExceeded"), "the server has no room left; delete what is not needed"),
        (Fault(status=400, code="XMinioAdminBucketQuotaExceeded"), "the server has no room left"),
        (Fault(status=418, code="Teapot"), "the server refused with Teapot; look it up"),
        (Fault(status=405), "the server refused with 405; look it up"),
    ],
    ids=str,
)
def test_a_refusal_is_told_in_words_and_not_tried_again(
    photos: Storage, proxy: Proxy, fault: Fault, reason: str
) -> None:
    proxy.choice = always(fault)
    told = refusal(lambda: listed(photos)), refusal(lambda: photos.write("a.png", b""))
    assert told[0].startswith(f"storage {photos.uri()!r} cannot be listed: {reason}")
    assert told[1].startswith(f"object {photos.uri('a.png')!r} cannot be written: {reason}")
    assert len(proxy.requests) == 2


def test_a_look_up_without_leave_is_told(photos: Storage, proxy: Proxy) -> None:
    proxy.choice = always(Fault(status=403))
    assert "cannot be looked up: access denied" in refusal(lambda: photos.head("a.png"))


def test_an_address_that_leads_to_no_s3_server_is_no_missing_object(photos: Storage, proxy: Proxy) -> None:
    proxy.choice = always(Fault(status=404))
    assert "cannot be written: the server refused with 404" in refusal(lambda: photos.write("a.png", b""))


@pytest.mark.parametrize("fault", [Fault(status=501, code="NotImplemented"), Fault(status=405)], ids=str)
def test_a_server_without_uploads_in_parts_may_be_writable(photos: Storage, proxy: Proxy, fault: Fault) -> None:
    for method in ("POST", "DELETE"):
        proxy.choice = always(fault, method)
        require_writable(photos)
    assert proxy.faults == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=501, code="NotImplemented"),
        Fault(status=501),
        Fault(status=400, code="InvalidArgument"),
        Fault(status=403, code="SignatureDoesNotMatch"),
    ],
    ids=str,
)
def test_a_server_that_knows_no_checksums_is_told_before_any_work_with_the_remedy(
    photos: Storage, proxy: Proxy, fault: Fault
) -> None:
    proxy.choice = always(fault, "PUT")
    remedy = "as servers do that know no checksums; set AWS_REQUEST_CHECKSUM_CALCULATION=when_required"
    for use in (lambda: require_writable(photos), lambda: photos.write("a.png", b"")):
        assert refusal(use).endswith(remedy)


def test_who_sends_no_checksums_is_not_told_to_leave_them_out(
    environment: pytest.MonkeyPatch, photos: Storage, proxy: Proxy
) -> None:
    environment.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    proxy.choice = always(Fault(status=400, code="InvalidArgument"), "PUT")
    assert "the server refused with InvalidArgument; look it up" in refusal(lambda: photos.write("a.png", b""))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_an_endpoint_that_nobody_listens_at_is_named(hasty: pytest.MonkeyPatch) -> None:
    port = free_port()
    hasty.setenv("AWS_ENDPOINT_URL_S3", f"http://user:password@127.0.0.1:{port}")
    reason = refusal(lambda: listed(open_storage("s3://my-bucket/photos")))
    remedy = "check the network and AWS_ENDPOINT_URL_S3"
    assert reason == f"storage 's3://my-bucket/photos' cannot be listed: 127.0.0.1:{port} is not reachable; {remedy}"


@pytest.mark.parametrize("value", ["http://someone:hidden@127.0.0.1:{port}", "socks5://127.0.0.1:{port}"])
def test_a_proxy_that_cannot_be_used_is_named(hasty: pytest.MonkeyPatch, value: str) -> None:
    hasty.setenv("AWS_ENDPOINT_URL_S3", "http://storage.example")
    for name in ("no_proxy", "NO_PROXY"):
        hasty.delenv(name, raising=False)
    hasty.setenv("http_proxy", value.format(port=free_port()))
    reason = refusal(lambda: listed(open_storage("s3://my-bucket/photos")))
    assert "cannot be listed: the proxy " in reason
    assert reason.endswith(" is not reachable; check HTTPS_PROXY and HTTP_PROXY")
    assert "hidden" not in reason


def test_an_endpoint_without_a_certificate_is_named(hasty: pytest.MonkeyPatch, proxy: Proxy) -> None:
    hasty.setenv("AWS_ENDPOINT_URL_S3", proxy.url.replace("http:", "https:"))
    reason = refusal(lambda: listed(open_storage("s3://my-bucket")))
    assert f"{proxy.url.removeprefix('http://')} has no certificate that is trusted, or speaks no TLS; check" in reason


def test_a_server_that_does_not_answer_is_not_waited_for(
    environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, proxy: Proxy, bucket: str
) -> None:
    monkeypatch.setitem(s3._REQUESTS, "read_timeout", 0.1)
    monkeypatch.setattr(s3_errors, "ROUNDS", 2)
    environment.setenv("AWS_MAX_ATTEMPTS", "1")
    proxy.choice = always(Fault(delay=0.5))
    assert "the server did not answer in time" in refusal(lambda: listed(open_storage(f"s3://{bucket}")))
    assert len(proxy.requests) == 2


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"AWS_SECRET_ACCESS_KEY": ""}, "no credentials found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SEC"),
        (dict.fromkeys(SECRETS, ""), "no credentials found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SEC"),
        ({"AWS_PROFILE": "absent"}, "AWS_PROFILE names no profile; check it and the files in ~/.aws"),
        ({"AWS_ENDPOINT_URL_S3": "localhost:9000"}, "AWS_ENDPOINT_URL_S3, AWS_DEFAULT_REGION or AWS_MAX_ATTEMPTS has"),
        ({"AWS_DEFAULT_REGION": "on the moon"}, "AWS_ENDPOINT_URL_S3, AWS_DEFAULT_REGION or AWS_MAX_ATTEMPTS has"),
        ({"AWS_MAX_ATTEMPTS": "many"}, "AWS_ENDPOINT_URL_S3, AWS_DEFAULT_REGION or AWS_MAX_ATTEMPTS has"),
        ({"AWS_RETRY_MODE": "never"}, "boto3 gave up with InvalidRetryModeError; check the AWS_ variables"),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_told(
    environment: pytest.MonkeyPatch, settings: dict[str, str], reason: str
) -> None:
    for name, value in settings.items():
        environment.setenv(name, value)
    assert reason in refusal(lambda: listed(open_storage("s3://my-bucket")))


def shown(error: BaseException, caplog: pytest.LogCaptureFixture) -> str:
    """All that a person or a log gets to see of an error."""
    return "".join(traceback.format_exception(error)) + caplog.text


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("use", USES)
def test_no_secret_is_in_any_error_or_log(
    monkeypatch: pytest.MonkeyPatch, photos: Storage, proxy: Proxy, caplog: pytest.LogCaptureFixture, use: str
) -> None:
    monkeypatch.setattr(s3_errors, "ROUNDS", 1)
    told = " ".join(SECRETS.values())
    caplog.set_level(logging.DEBUG)
    echoes = [Fault(status=400, code=code, text=told) for code in (told, "AccessDenied", *SECRETS.values())]
    for fault in (*echoes, LOST):
        proxy.choice = always(fault)
        with pytest.raises(StorageError) as caught:
            USES[use](photos)
        assert "cannot be" in shown(caught.value, caplog)
        assert not any(secret in shown(caught.value, caplog) for secret in SECRETS.values())


def test_what_a_helper_for_credentials_says_is_not_repeated(
    environment: pytest.MonkeyPatch, cloud: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    helper = cloud / "helper.py"
    helper.write_text("import sys; sys.exit('token hidden')")
    config = cloud / "config"
    config.write_text(f"[profile helped]\ncredential_process = {sys.executable} {helper}\n")
    for name, value in {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "helped"}.items():
        environment.setenv(name, value)
    for name in SECRETS:
        environment.delenv(name)
    with pytest.raises(StorageError, match="credentials of this profile cannot be fetched; sign in anew") as caught:
        listed(open_storage("s3://my-bucket"))
    assert "hidden" not in shown(caught.value, caplog)
