from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from tasks.storage import Entry, Storage, StorageError, open_storage, read_uri, require_name, require_writable, s3
from tasks.storage.s3 import S3Storage
from tests.tasks.storage.buckets import SECRETS, fill
from tests.tasks.storage.contract import StorageContract, left_out, listed
from tests.tasks.storage.faults import Proxy


class TestS3Storage(StorageContract):
    @pytest.fixture
    def storage(self, bucket: str) -> Storage:
        return open_storage(f"s3://{bucket}/some/prefix")


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("s3://my-bucket", "s3://my-bucket"),
        ("s3://my-bucket/", "s3://my-bucket"),
        ("s3://my.bucket/photos", "s3://my.bucket/photos"),
        ("s3://123/photos of/2026/", "s3://123/photos of/2026"),
    ],
)
def test_opens_a_bucket_or_a_prefix_of_it(address: str, uri: str) -> None:
    assert open_storage(address).uri() == uri
    assert open_storage(address).uri("a b/c?.png") == f"{uri}/a b/c?.png"


@pytest.mark.parametrize(
    ("place", "other", "expected"),
    [
        ("my-bucket/photos", "my-bucket/photos/", True),
        ("my-bucket/photos", "my-bucket/photos/deeper/out", True),
        ("my-bucket", "my-bucket/photos", True),
        ("my-bucket/photos", "my-bucket/photos-2026", False),
        ("my-bucket/photos", "my-bucket", False),
        ("my-bucket/photos", "other-bucket/photos", False),
    ],
)
def test_contains_the_prefixes_below_it(place: str, other: str, expected: bool) -> None:
    assert open_storage(f"s3://{place}").contains(open_storage(f"s3://{other}")) is expected


def test_a_prefix_exists_and_the_server_is_not_asked(proxy: Proxy) -> None:
    assert open_storage("s3://my-bucket/photos").exists()
    assert proxy.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "s3://",
        "s3:///photos",
        "s3://My-Bucket/photos",
        "s3://ab",
        "s3://" + "a" * 64,
        "s3://-bucket",
        "s3://my_bucket",
        "s3://my..bucket",
        "s3://192.168.0.1",
        "s3://bücket",
        "s3://my-bucket//photos",
        "s3://my-bucket/../photos",
        "s3://my-bucket/caf\udce9",
    ],
)
def test_refuses_addresses_that_name_no_bucket(address: str) -> None:
    with pytest.raises(StorageError, match=r"is no bucket's address; use s3://bucket/prefix") as caught:
        open_storage(address)
    assert repr(address) in str(caught.value)


@pytest.mark.parametrize("address", ["s3://AKIA:hidden@bucket/a", "s3://AKIA:hid/den@bucket", "s3://hidden@bucket"])
def test_refuses_credentials_in_an_address_and_does_not_repeat_them(address: str) -> None:
    with pytest.raises(StorageError, match="bears no credentials, host or port; set AWS_PROFILE") as caught:
        open_storage(address)
    assert "hid" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/photos/in",
        "arn:aws:s3:us-west-2:123456789012:accesspoint/photos",
        "s3://arn:aws:s3:::photos",
    ],
)
def test_an_arn_is_told_to_be_none_of_ours_and_what_to_use(address: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(address)
    assert str(caught.value) == (
        f"storage {address!r} is an ARN, which names no storage here; use s3://bucket/prefix, for an access point "
        "with its alias, which ends in -s3alias, as the bucket"
    )


def test_the_alias_of_an_access_point_is_a_bucket() -> None:
    alias = "photos-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias"
    assert open_storage(f"s3://{alias}/in").uri() == f"s3://{alias}/in"


def test_a_signed_address_is_not_repeated() -> None:
    with pytest.raises(StorageError, match="unknown scheme 'https'") as caught:
        open_storage("https://bucket.s3.amazonaws.com/a.png?X-Amz-Signature=0123")
    assert "0123" not in str(caught.value)


def test_reads_what_lies_at_an_address_that_a_storage_gave(bucket: str) -> None:
    for storage in (open_storage(f"s3://{bucket}"), open_storage(f"s3://{bucket}/photos")):
        storage.write("a b.png", b"data")
        assert read_uri(storage.uri("a b.png")) == b"data"


def test_a_prefix_is_a_folder_of_its_bucket(bucket: str) -> None:
    fill(bucket, "photos/a.png", "photos/2026/b.png", "photos-of-others/c.png", "photos")
    assert listed(open_storage(f"s3://{bucket}/photos")) == ["2026/b.png", "a.png"]
    assert listed(open_storage(f"s3://{bucket}/photos"), "2") == ["2026/b.png"]
    assert listed(open_storage(f"s3://{bucket}"), "photos/") == ["photos/2026/b.png", "photos/a.png"]


def test_what_makes_a_bucket_look_like_folders_is_no_part_of_it(bucket: str) -> None:
    fill(bucket, "photos/", "photos/2026/", "photos/2026/a.png", "photos//b.png", "photos/../c.png", "photos/./d.png")
    photos = open_storage(f"s3://{bucket}/photos")
    assert listed(photos) == ["2026/a.png"]
    assert list(left_out(photos)) == ["../c.png", "./d.png", "/b.png"]
    assert left_out(photos)["/b.png"].startswith("key '/b.png' is not allowed; use names other than")
    assert listed(open_storage(f"s3://{bucket}")) == ["photos/2026/a.png"]


def test_lists_more_keys_than_a_page_holds_and_is_one_page_ahead_at_most(proxy: Proxy, bucket: str) -> None:
    keys = [f"{number:04d}.png" for number in range(2003)]
    fill(bucket, *(f"photos/{key}" for key in reversed(keys)))
    entries = open_storage(f"s3://{bucket}/photos").list()
    assert proxy.requests == []
    assert [entry.key for entry in islice(entries, 1000)] == keys[:1000]
    assert 1 <= len(proxy.requests) <= 2
    assert [entry.key for entry in entries] == keys[1000:]
    assert len(proxy.requests) == 3


def test_a_large_object_goes_in_parts_and_comes_back_whole(bucket: str) -> None:
    data = bytes(range(256)) * (20 * 4096)
    storage = open_storage(f"s3://{bucket}")
    entry = storage.write("large.tiff", data)
    assert storage.read("large.tiff") == data
    assert storage.head("large.tiff") == entry
    assert entry.size == 20 * 2**20
    assert str(entry.etag).endswith("-3")
    assert s3.client().head_object(Bucket=bucket, Key="large.tiff")["ContentType"] == "image/tiff"


def test_the_etag_of_what_another_has_written_meanwhile_is_not_told(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, storage = S3Storage.head, open_storage(f"s3://{bucket}")

    def too_late(self: S3Storage, key: str) -> Entry | None:
        self.write(key, b"another's")
        return head(self, key)

    monkeypatch.setattr(S3Storage, "head", too_late)
    assert storage.write("large.tiff", bytes(20 * 2**20)) == Entry("large.tiff", 20 * 2**20)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("a.png", "image/png"),
        ("a.JPG", "image/jpeg"),
        ("a.jpeg", "image/jpeg"),
        ("a.webp", "image/webp"),
        ("a.tif", "image/tiff"),
        ("vgg16/a.json", "application/json"),
        ("results.csv", "text/csv; charset=utf-8"),
        ("report.html", "text/html; charset=utf-8"),
        ("no suffix", "application/octet-stream"),
    ],
)
def test_says_what_an_object_is(bucket: str, key: str, kind: str) -> None:
    open_storage(f"s3://{bucket}").write(key, b"data")
    assert s3.client().head_object(Bucket=bucket, Key=key)["ContentType"] == kind


def test_an_etag_changes_with_the_bytes(bucket: str) -> None:
    storage = open_storage(f"s3://{bucket}")
    etags = []
    for data in (b"one", b"two", b"one"):
        storage.write("a", data)
        etags += [entry.etag for entry in storage.list()]
    assert None not in etags
    assert etags[0] == etags[2] != etags[1]


def test_a_bucket_that_does_not_exist_is_named(bucket: str) -> None:
    storage = open_storage(f"s3://{bucket}-gone/photos")
    reason = f"'s3://{bucket}-gone/photos.*' cannot be .*: no such bucket; check its name"
    for use in (listed, require_writable, lambda gone: gone.read("a.png"), lambda gone: gone.write("a.png", b"")):
        with pytest.raises(StorageError, match=reason):
            use(storage)
    assert storage.head("a.png") is None


def test_to_try_whether_it_is_writable_leaves_nothing_at_all(bucket: str) -> None:
    require_writable(open_storage(f"s3://{bucket}/output"))
    assert s3.client().list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=bucket)


def test_a_folder_that_is_tried_is_left_empty_too(bucket: str) -> None:
    require_writable(open_storage(f"s3://{bucket}/output"), ("", "vgg16"))
    assert s3.client().list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_key_that_is_too_long_with_its_prefix_is_refused_before_it_is_written(bucket: str) -> None:
    storage = open_storage(f"s3://{bucket}/{'p' * 500}")
    require_name(storage, "a" * 523)
    with pytest.raises(StorageError, match="cannot be written: the key is too long; use one of at most 1024 bytes"):
        require_name(storage, "é" * 262)


def test_a_key_that_is_not_utf8_is_refused(bucket: str) -> None:
    with pytest.raises(StorageError, match=r"key 'caf\\udce9.png' is not UTF-8"):
        open_storage(f"s3://{bucket}").write("caf\udce9.png", b"")


def test_to_open_a_bucket_makes_no_client(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_PROFILE", "absent")
    open_storage("s3://my-bucket/photos").uri("a.png")


@pytest.mark.usefixtures("environment")
def test_threads_share_one_client() -> None:
    with ThreadPoolExecutor(4) as pool:
        clients = list(pool.map(lambda _: s3.client(), range(8)))
    assert len({id(client) for client in clients}) == 1


@pytest.mark.usefixtures("environment")
def test_retries_adapt_to_the_server_unless_the_environment_says_otherwise() -> None:
    assert s3.client().meta.config.retries == {"mode": "adaptive", "total_max_attempts": 8}


def test_the_environment_decides_how_often_is_tried(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_MAX_ATTEMPTS", "3")
    environment.setenv("AWS_RETRY_MODE", "standard")
    assert s3.client().meta.config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_a_profile_brings_credentials_and_endpoint(
    environment: pytest.MonkeyPatch, cloud: Path, server: str, bucket: str
) -> None:
    settings = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region": "eu-west-1", "endpoint_url": server}
    lines = ["[profile studio]", *(f"{name} = {value}" for name, value in settings.items())]
    (cloud / ".aws").mkdir()
    (cloud / ".aws" / "config").write_text("\n".join(lines))
    for name in (*SECRETS, "AWS_ENDPOINT_URL_S3"):
        environment.delenv(name)
    environment.setenv("AWS_PROFILE", "studio")
    open_storage(f"s3://{bucket}").write("a.png", b"data")
    assert s3.client().meta.endpoint_url == server
    assert s3.client().meta.region_name == "eu-west-1"
