"""Faults that pass, and those that do not: how often S3 is asked."""

from itertools import product
from random import Random

import pytest

from tasks.storage import Storage, s3, s3_errors
from tests.tasks.storage.buckets import USES, refusal
from tests.tasks.storage.contract import listed
from tests.tasks.storage.faults import BROKEN_SERVER, CUT, DAMAGED, LOST, SLOW_DOWN, Fault, Proxy, always, first, never

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.mark.parametrize(
    ("use", "fault"),
    [*product(USES, [BROKEN_SERVER, CUT, LOST]), ("write", SLOW_DOWN), ("read", DAMAGED)],
    ids=str,
)
def test_a_fault_that_passes_costs_nothing_but_time(photos: Storage, proxy: Proxy, use: str, fault: Fault) -> None:
    expected = USES[use](photos)
    proxy.choice = first(2, always(fault))
    assert USES[use](photos) == expected
    assert proxy.faults > 0


@pytest.mark.parametrize("use", ["list", "write in parts"])
def test_an_error_in_the_clothes_of_a_success_is_seen(photos: Storage, proxy: Proxy, use: str) -> None:
    expected = USES[use](photos)
    proxy.choice = first(1, always(Fault(status=200, code="InternalError"), "GET|POST", r"list-type|uploadId"))
    assert USES[use](photos) == expected
    assert proxy.faults == 1


def test_nothing_is_lost_in_a_storm(photos: Storage, proxy: Proxy) -> None:
    chance = Random(5)  # noqa: S311 - chance, not secrecy
    proxy.choice = lambda *_: chance.choice([BROKEN_SERVER, CUT, LOST]) if chance.random() < 0.3 else None
    keys = [f"vgg16/{number}.png" for number in range(10)]
    for key in keys:
        photos.write(key, key.encode())
        assert photos.head(key) is not None
    assert [photos.read(key).decode() for key in listed(photos, "vgg16/")] == keys
    assert proxy.faults > 10


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("fault", "requests", "reason"),
    [
        (BROKEN_SERVER, 2 * s3_errors.ROUNDS, "the server failed with InternalError, again and again; try again later"),
        (Fault(status=502), 2 * s3_errors.ROUNDS, "the server failed with 502, again and again; try again later"),
        (LOST, 2 * s3_errors.ROUNDS, "the connection or the answer broke off, again and again; try again later"),
        (CUT, s3_errors.ROUNDS, "the connection or the answer broke off, again and again; try again later"),
        (DAMAGED, s3_errors.ROUNDS, "the connection or the answer broke off, again and again; try again later"),
    ],
    ids=str,
)
def test_gives_up_after_some_rounds(photos: Storage, proxy: Proxy, fault: Fault, requests: int, reason: str) -> None:
    proxy.choice = always(fault)
    assert refusal(lambda: photos.read("a.png")) == f"object {photos.uri('a.png')!r} cannot be read: {reason}"
    assert len(proxy.requests) == requests


@pytest.mark.usefixtures("hasty")
def test_begins_no_round_when_patience_is_at_its_end(
    monkeypatch: pytest.MonkeyPatch, photos: Storage, proxy: Proxy
) -> None:
    monkeypatch.setattr(s3_errors, "PATIENCE", 0.0)
    proxy.choice = always(CUT)
    refusal(lambda: photos.read("a.png"))
    assert len(proxy.requests) == 1


@pytest.mark.usefixtures("hasty")
def test_a_server_that_asks_for_fewer_requests_is_left_alone_in_the_end(
    monkeypatch: pytest.MonkeyPatch, photos: Storage, proxy: Proxy
) -> None:
    monkeypatch.setattr(s3_errors, "ROUNDS", 1)
    proxy.choice = always(SLOW_DOWN)
    assert "asks for fewer requests, again and again; try again later" in refusal(lambda: photos.read("a.png"))
    assert len(proxy.requests) == 2


@pytest.mark.usefixtures("hasty")
def test_a_failed_upload_leaves_no_parts(photos: Storage, proxy: Proxy, bucket: str) -> None:
    proxy.choice = always(BROKEN_SERVER, "PUT", "partNumber=2")
    refusal(lambda: USES["write in parts"](photos))
    proxy.choice = never
    assert listed(photos) == ["a.png"]
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=bucket)
